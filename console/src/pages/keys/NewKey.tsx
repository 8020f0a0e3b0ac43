// Making a key: a name, how long it works, and its secret, which is shown this once.
import { Select, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { api, read } from '../../api/client.ts';
import type { Context } from '../../contexts.ts';
import { daysAfter, lifetimes } from '../../parts/form/lifetimes.ts';
import { nameFault } from '../../parts/form/rules.ts';
import { SecretDialog } from '../../parts/form/SecretDialog.tsx';
import { useForm } from '../../parts/form/use-form.ts';
import { newKeyDraft } from './key-act.ts';

const LIFETIMES = lifetimes(['', '30', '90', '365']);

export function NewKey({ context, onClose }: { readonly context: Context; readonly onClose: () => void }) {
  const queries = useQueryClient();
  const { accountId } = context;
  const form = useForm({
    draft: newKeyDraft(accountId),
    initial: { name: '', days: '' },
    faultsOf: ({ name }) => ({ name: nameFault(name, 'Give it a name, such as where it runs.') }),
    refusals: { expiresAt: 'days' },
    send: ({ name, days }, wish) => {
      const { key, at } = wish();
      return read(
        api.POST('/v1/accounts/{accountId}/api-keys', {
          params: { path: { accountId }, header: { 'Idempotency-Key': key } },
          body: { name: name.trim(), ...(days !== '' && { expiresAt: daysAfter(at, days) }) },
        }),
      );
    },
    // the secret does not wait for the list
    onSent: () => void queries.invalidateQueries({ queryKey: ['api-keys', accountId] }),
  });
  return (
    <SecretDialog kind="key" title="Make an API key" form={form} action="Make the key" onClose={onClose}>
      <TextInput label="Name" placeholder="Production" data-autofocus {...form.text('name')} />
      <Select label="Works" data={LIFETIMES} allowDeselect={false} {...form.choice('days')} />
    </SecretDialog>
  );
}
