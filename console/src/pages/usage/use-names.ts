// The names of the member and the key that the page is limited to.
import { useQuery } from '@tanstack/react-query';
import { usedQuery } from '../../api/queries/usage.ts';
import type { UsageSearch } from './usage-search.ts';

/** Id → name, as far as they are known. */
export function useNames(
  accountId: string,
  { memberId, apiKeyId }: UsageSearch,
): ReadonlyMap<string, string> {
  const members = useQuery({ ...usedQuery(accountId, 'member'), enabled: memberId !== undefined });
  const keys = useQuery({ ...usedQuery(accountId, 'apiKey'), enabled: apiKeyId !== undefined });
  const sums = [...(members.data?.items ?? []), ...(keys.data?.items ?? [])];
  return new Map(
    sums.flatMap(({ member, apiKey }) => {
      const one = member ?? apiKey;
      return one === undefined ? [] : [[one.id, one.name ?? 'Former member'] as const];
    }),
  );
}
