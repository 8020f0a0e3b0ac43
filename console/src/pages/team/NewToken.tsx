// Making a token: its name, what it may do, until when, and its secret, which is shown this once.
import { Checkbox, Select, Stack, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { api, read } from '../../api/client.ts';
import { tokensQuery } from '../../api/queries/keys.ts';
import { daysAfter, lifetimes } from '../../parts/form/lifetimes.ts';
import { nameFault } from '../../parts/form/rules.ts';
import { SecretDialog } from '../../parts/form/SecretDialog.tsx';
import { useForm } from '../../parts/form/use-form.ts';

const LIFETIMES = lifetimes(['30', '90', '180', '365']);
const SCOPES = [
  { value: 'read', label: 'Read', description: 'Balance, history, usage and exports' },
  { value: 'keys', label: 'Manage API keys', description: 'Make, rename, rotate, hand over and revoke them' },
] as const;

/** The draft of the form that makes one. */
export const newTokenDraft = (organizationId: string) => `for-program.${organizationId}`;

interface NewTokenProps {
  readonly organizationId: string;
  readonly onClose: () => void;
}

export function NewToken({ organizationId, onClose }: NewTokenProps) {
  const queries = useQueryClient();
  const form = useForm({
    draft: newTokenDraft(organizationId),
    initial: { name: '', scopes: 'read', days: '90' },
    faultsOf: ({ name, scopes }) => ({
      name: nameFault(name, 'Give it a name, such as what it is for.'),
      scopes: scopesOf(scopes).length === 0 ? 'Choose what it may do.' : undefined,
    }),
    refusals: { expiresAt: 'days' },
    send: ({ name, scopes, days }, wish) => {
      const { key, at } = wish();
      return read(
        api.POST('/v1/organizations/{organizationId}/tokens', {
          params: { path: { organizationId }, header: { 'Idempotency-Key': key } },
          body: { name: name.trim(), scopes: scopesOf(scopes), expiresAt: daysAfter(at, days) },
        }),
      );
    },
    // the secret does not wait for the list
    onSent: () => void queries.invalidateQueries(tokensQuery(organizationId)),
  });
  const may = form.text('scopes');
  return (
    <SecretDialog kind="token" title="Make a token" form={form} action="Make the token" onClose={onClose}>
      <TextInput label="Name" placeholder="Monthly report" data-autofocus {...form.text('name')} />
      <Checkbox.Group
        label="May"
        error={may.error}
        value={scopesOf(may.value)}
        onChange={(chosen) => form.set('scopes', chosen.join(' '))}
      >
        <Stack gap="xs" mt="xs">
          {SCOPES.map(({ value, label, description }) => (
            <Checkbox key={value} value={value} label={label} description={description} />
          ))}
        </Stack>
      </Checkbox.Group>
      <Select label="Works for" data={LIFETIMES} allowDeselect={false} {...form.choice('days')} />
    </SecretDialog>
  );
}

/** The scopes among words. */
function scopesOf(words: string) {
  const chosen = words.split(' ');
  return SCOPES.map(({ value }) => value).filter((scope) => chosen.includes(scope));
}
