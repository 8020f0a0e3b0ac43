// Rotating a key: a new secret, and a while in which the old one works on.
import { Select, Text } from '@mantine/core';
import { api, read } from '../../api/client.ts';
import { SecretDialog } from '../../parts/form/SecretDialog.tsx';
import { useForm } from '../../parts/form/use-form.ts';
import { actDraft, type KeyActProps, useFreshKeys } from './key-act.ts';

const GRACES = [
  { value: '0', label: 'Not at all' },
  { value: '3600', label: 'One hour' },
  { value: '86400', label: 'One day' },
  { value: '604800', label: 'A week' },
];

export function RotateKey({ context, apiKey, onClose }: KeyActProps) {
  const path = { accountId: context.accountId, apiKeyId: apiKey.id };
  const freshen = useFreshKeys(context.accountId);
  const form = useForm({
    draft: actDraft('rotate', apiKey),
    initial: { grace: '86400' },
    refusals: { graceSeconds: 'grace' },
    send: ({ grace }) =>
      read(
        api.POST('/v1/accounts/{accountId}/api-keys/{apiKeyId}/rotate', {
          params: { path },
          body: { graceSeconds: Number(grace) },
        }),
      ),
    // the secret does not wait for the list
    onSent: () => void freshen(),
  });
  return (
    <SecretDialog kind="key" title={`Rotate "${apiKey.name}"`} form={form} action="Rotate" onClose={onClose}>
      <Text size="sm">The key gets a new secret. It stays the same key in the history.</Text>
      <Select
        label="The old secret works on"
        data={GRACES}
        allowDeselect={false}
        data-autofocus
        {...form.choice('grace')}
      />
    </SecretDialog>
  );
}
