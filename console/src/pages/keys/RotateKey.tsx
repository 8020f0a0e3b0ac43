// Rotating a key: a new secret, and a while in which the old one works on.
import { Alert, Button, Modal, Select, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { api, read } from '../../api/client.ts';
import { messageOf } from '../../api/problem.ts';
import { Secret } from '../../parts/Secret.tsx';
import { type KeyActProps, useKeyAct } from './key-act.ts';

const GRACES = [
  { value: '0', label: 'Not at all' },
  { value: '3600', label: 'One hour' },
  { value: '86400', label: 'One day' },
  { value: '604800', label: 'A week' },
];

export function RotateKey({ context, apiKey, onClose }: KeyActProps) {
  const [grace, setGrace] = useState('86400');
  const path = { accountId: context.accountId, apiKeyId: apiKey.id };
  const rotate = useKeyAct(context.accountId, () =>
    read(
      api.POST('/v1/accounts/{accountId}/api-keys/{apiKeyId}/rotate', {
        params: { path },
        body: { graceSeconds: Number(grace) },
      }),
    ),
  );
  return (
    <Modal
      opened
      onClose={onClose}
      title={`Rotate "${apiKey.name}"`}
      centered
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {rotate.data === undefined ? (
        <Stack>
          <Text size="sm">The key gets a new secret. It stays the same key in the history.</Text>
          <Select
            label="The old secret works on"
            data={GRACES}
            value={grace}
            allowDeselect={false}
            onChange={(value) => setGrace(value ?? '86400')}
          />
          {rotate.error !== null && (
            <Alert color="red" role="alert">
              {messageOf(rotate.error)}
            </Alert>
          )}
          <Button loading={rotate.isPending} onClick={() => rotate.mutate()} data-autofocus>
            Rotate
          </Button>
        </Stack>
      ) : (
        <Stack>
          <Secret secret={rotate.data.secret} kind="key" />
          <Button variant="default" onClick={onClose}>
            Done
          </Button>
        </Stack>
      )}
    </Modal>
  );
}
