// Handing a key to another member: the secret stays, and what it is used for from now on is theirs.
import { Select, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { api } from '../../api/client.ts';
import { membersQuery } from '../../api/queries/keys.ts';
import { FormDialog } from '../../parts/form/FormDialog.tsx';
import { emptyFault } from '../../parts/form/rules.ts';
import { useForm } from '../../parts/form/use-form.ts';
import { actDraft, type KeyActProps, useFreshKeys } from './key-act.ts';

export function HandOverKey({ context, apiKey, onClose }: KeyActProps) {
  const members = useQuery({
    ...membersQuery(context.organizationId ?? ''),
    enabled: context.organizationId !== undefined,
  });
  const path = { accountId: context.accountId, apiKeyId: apiKey.id };
  const freshen = useFreshKeys(context.accountId);
  const form = useForm({
    draft: actDraft('hand-over', apiKey),
    initial: { memberId: '' },
    faultsOf: ({ memberId }) => ({ memberId: emptyFault(memberId, 'Choose a member.') }),
    refusals: { 'member-not-found': 'memberId' },
    send: ({ memberId }) =>
      api.POST('/v1/accounts/{accountId}/api-keys/{apiKeyId}/hand-over', {
        params: { path },
        body: { memberId },
      }),
    onSent: () => freshen().then(onClose),
  });
  return (
    <FormDialog title={`Hand over "${apiKey.name}"`} form={form} action="Hand over" onClose={onClose}>
      <Text size="sm">
        Programs go on with the same secret. From this moment its usage is in the new member's name; what was
        used before stays {apiKey.member.name}'s.
      </Text>
      <Select
        label="To"
        placeholder="Choose a member"
        searchable
        data-autofocus
        data={(members.data?.items ?? [])
          .filter(({ id }) => id !== apiKey.member.id)
          .map(({ id, name }) => ({ value: id, label: name }))}
        {...form.choice('memberId')}
      />
    </FormDialog>
  );
}
