// Making a key: a name, how long it works, and its secret, which is shown this once.
import { Alert, Button, Modal, Select, Stack, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { api, read } from '../../api/client.ts';
import { messageOf, ProblemError } from '../../api/problem.ts';
import type { Context } from '../../context.ts';
import { dropDraft, useDraft } from '../../parts/draft.ts';
import { Secret } from '../../parts/Secret.tsx';

const LIFETIMES = [
  { value: '', label: 'For ever' },
  { value: '30', label: '30 days' },
  { value: '90', label: '90 days' },
  { value: '365', label: 'A year' },
];

export function NewKey({ context, onClose }: { readonly context: Context; readonly onClose: () => void }) {
  const queries = useQueryClient();
  const draftName = `api-key.${context.accountId}`;
  const [{ name, days }, change] = useDraft(draftName, { name: '', days: '' });
  const [isChecked, setChecked] = useState(false);
  const wish = useRef(crypto.randomUUID());
  const make = useMutation({
    mutationFn: () =>
      read(
        api.POST('/v1/accounts/{accountId}/api-keys', {
          params: { path: { accountId: context.accountId }, header: { 'Idempotency-Key': wish.current } },
          body: { name: name.trim(), ...(days !== '' && { expiresAt: daysFromNow(Number(days)) }) },
        }),
      ),
    onSuccess: () => {
      dropDraft(draftName);
      return queries.invalidateQueries({ queryKey: ['api-keys', context.accountId] });
    },
    onError: () => {
      wish.current = crypto.randomUUID();
    },
  });
  const fault =
    make.error instanceof ProblemError
      ? make.error.fields.get('name')
      : isChecked && name.trim() === ''
        ? 'Give it a name, such as where it runs.'
        : undefined;
  return (
    <Modal
      opened
      onClose={onClose}
      title={make.data === undefined ? 'Make an API key' : `The key "${make.data.name}"`}
      centered
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {make.data === undefined ? (
        <form
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            setChecked(true);
            if (name.trim() !== '' && !make.isPending) make.mutate();
          }}
        >
          <Stack>
            <TextInput
              label="Name"
              placeholder="Production"
              data-autofocus
              value={name}
              error={fault}
              onChange={({ currentTarget }) => change({ name: currentTarget.value })}
            />
            <Select
              label="Works"
              data={LIFETIMES}
              value={days}
              allowDeselect={false}
              onChange={(value) => change({ days: value ?? '' })}
            />
            {make.error !== null && fault === undefined && (
              <Alert color="red" role="alert">
                {messageOf(make.error)}
              </Alert>
            )}
            <Button type="submit" loading={make.isPending}>
              Make the key
            </Button>
          </Stack>
        </form>
      ) : (
        <Stack>
          <Secret secret={make.data.secret} kind="key" />
          <Button variant="default" onClick={onClose}>
            Done
          </Button>
        </Stack>
      )}
    </Modal>
  );
}

function daysFromNow(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString();
}
