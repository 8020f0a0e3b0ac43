// What the history can be filtered by: members, also former ones, the keys that were used, and the models.
import { useQuery } from '@tanstack/react-query';
import { membersQuery } from '../../api/queries/keys.ts';
import { usedQuery } from '../../api/queries/usage.ts';
import type { Context } from '../../contexts.ts';

/** Choices for each filter, as far as they are read. */
export function useFilterChoices({ accountId, organizationId }: Context) {
  const members = useQuery({
    ...membersQuery(organizationId ?? ''),
    enabled: organizationId !== undefined,
  });
  const usedBy = useQuery({ ...usedQuery(accountId, 'member'), enabled: organizationId !== undefined });
  const keys = useQuery(usedQuery(accountId, 'apiKey'));
  const models = useQuery(usedQuery(accountId, 'model'));

  const present = (members.data?.items ?? []).map(({ id, name }) => ({ value: id, label: name }));
  const isPresent = new Set(present.map(({ value }) => value));
  const former = (usedBy.data?.items ?? []).flatMap(({ member }) =>
    member === undefined || isPresent.has(member.id) || members.data === undefined
      ? []
      : [{ value: member.id, label: `${member.name ?? 'Somebody'} (former member)` }],
  );
  return {
    memberId: [...present, ...former],
    apiKeyId: distinct(
      (keys.data?.items ?? []).flatMap(({ apiKey }) =>
        apiKey === undefined ? [] : [{ value: apiKey.id, label: apiKey.name ?? 'API key' }],
      ),
    ),
    model: (models.data?.items ?? []).flatMap(({ model }) =>
      model === undefined ? [] : [{ value: model, label: model }],
    ),
  };
}

/** Things of the same name are told apart by the end of their ids. */
function distinct(choices: readonly { value: string; label: string }[]) {
  const counts = new Map<string, number>();
  for (const { label } of choices) counts.set(label, (counts.get(label) ?? 0) + 1);
  return choices.map(({ value, label }) => ({
    value,
    label: (counts.get(label) ?? 0) > 1 ? `${label} (…${value.slice(-4)})` : label,
  }));
}
