// Queries of usage: sums by day, member, key and model, as charts, lists and filters need them.
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, read } from '../client.ts';
import type { operations } from '../schema.d.ts';

/** What sums can be asked for: groups, days, and whose. */
export type UsageFilter = Omit<NonNullable<operations['getAccountsUsage']['parameters']['query']>, 'format'>;

/** Sums of usage; while other ones are on their way, the last ones stay. */
export const usageQuery = (accountId: string, filter: UsageFilter) =>
  queryOptions({
    queryKey: ['usage', accountId, filter],
    queryFn: () =>
      read(
        api.GET('/v1/accounts/{accountId}/usage', { params: { path: { accountId }, query: { ...filter } } }),
      ),
    placeholderData: keepPreviousData,
  });

/** What was ever used: whose usage there is, also of former members and revoked keys, and of which models. */
export const usedQuery = (accountId: string, groupBy: 'member' | 'apiKey' | 'model') =>
  queryOptions({
    queryKey: ['used', { accountId, groupBy }],
    queryFn: () =>
      read(
        api.GET('/v1/accounts/{accountId}/usage', { params: { path: { accountId }, query: { groupBy } } }),
      ),
    staleTime: 60_000,
  });
