// Renaming a key; past transactions keep the name of their time.
import { TextInput } from '@mantine/core';
import { api } from '../../api/client.ts';
import { FormDialog } from '../../parts/form/FormDialog.tsx';
import { nameFault } from '../../parts/form/rules.ts';
import { useForm } from '../../parts/form/use-form.ts';
import { actDraft, type KeyActProps, useFreshKeys } from './key-act.ts';

export function RenameKey({ context, apiKey, onClose }: KeyActProps) {
  const path = { accountId: context.accountId, apiKeyId: apiKey.id };
  const freshen = useFreshKeys(context.accountId);
  const form = useForm({
    draft: actDraft('rename', apiKey),
    initial: { name: apiKey.name },
    faultsOf: ({ name }) => ({ name: nameFault(name) }),
    send: ({ name }) =>
      api.PATCH('/v1/accounts/{accountId}/api-keys/{apiKeyId}', {
        params: { path },
        body: { name: name.trim() },
      }),
    onSent: () => freshen().then(onClose),
  });
  return (
    <FormDialog title="Rename the key" form={form} action="Rename" onClose={onClose}>
      <TextInput
        label="Name"
        description="Past transactions keep the name that it had then."
        data-autofocus
        {...form.text('name')}
      />
    </FormDialog>
  );
}
