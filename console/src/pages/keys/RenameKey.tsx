// Renaming a key; past transactions keep the name of their time.
import { Button, Modal, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { api } from '../../api/client.ts';
import { messageOf } from '../../api/problem.ts';
import { type KeyActProps, useKeyAct } from './key-act.ts';

export function RenameKey({ context, apiKey, onClose }: KeyActProps) {
  const [name, setName] = useState(apiKey.name);
  const path = { accountId: context.accountId, apiKeyId: apiKey.id };
  const rename = useKeyAct(
    context.accountId,
    () =>
      api.PATCH('/v1/accounts/{accountId}/api-keys/{apiKeyId}', {
        params: { path },
        body: { name: name.trim() },
      }),
    onClose,
  );
  return (
    <Modal
      opened
      onClose={onClose}
      title="Rename the key"
      centered
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          rename.mutate();
        }}
      >
        <Stack>
          <TextInput
            label="Name"
            description="Past transactions keep the name that it had then."
            data-autofocus
            value={name}
            error={rename.error === null ? undefined : messageOf(rename.error)}
            onChange={({ currentTarget }) => setName(currentTarget.value)}
          />
          <Button type="submit" loading={rename.isPending} disabled={name.trim() === ''}>
            Rename
          </Button>
        </Stack>
      </form>
    </Modal>
  );
}
