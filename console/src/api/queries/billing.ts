// Queries of Billing: who paid how much, who may act, and what a rule would have charged.
import { type QueryClient, queryOptions } from '@tanstack/react-query';
import type { Context } from '../../contexts.ts';
import { isFirstRunOver } from '../../pages/first-run/first-run-over.ts';
import { api, read } from '../client.ts';
import { autoTopUpQuery, paymentMethodsQuery, topUpsQuery } from '../queries.ts';
import type { operations, SchemaAutoTopUpTerms, SchemaMe, SchemaMember } from '../schema.d.ts';
import { anyUsageQuery } from './history.ts';

export type ContributionFilter = Pick<
  NonNullable<operations['getAccountsContributions']['parameters']['query']>,
  'from' | 'to'
>;

export const contributionsQuery = (accountId: string, filter: ContributionFilter) =>
  queryOptions({
    queryKey: ['contributions', accountId, filter],
    queryFn: () =>
      read(
        api.GET('/v1/accounts/{accountId}/contributions', { params: { path: { accountId }, query: filter } }),
      ),
  });

/** The owners and admins of an organization, owners first: those who may set auto top-up. */
export const stewardsQuery = (organizationId: string) =>
  queryOptions({
    queryKey: ['members', organizationId, 'stewards'],
    queryFn: () =>
      read(
        api.GET('/v1/organizations/{organizationId}/members', {
          params: { path: { organizationId }, query: { limit: 500 } },
        }),
      ),
    select: ({ items }) => stewardsOf(items),
    staleTime: 60_000,
  });

function stewardsOf(members: readonly SchemaMember[]): SchemaMember[] {
  const having = (role: SchemaMember['role']) => members.filter((member) => member.role === role);
  return [...having('owner'), ...having('admin')];
}

export const simulationQuery = (accountId: string, terms: SchemaAutoTopUpTerms) =>
  queryOptions({
    queryKey: ['auto-top-up-simulation', accountId, terms],
    queryFn: () =>
      read(
        api.POST('/v1/accounts/{accountId}/auto-top-up/simulation', {
          params: { path: { accountId } },
          body: terms,
        }),
      ),
    staleTime: 60_000,
    retry: false,
  });

/** Begins what Billing reads first. Those who show it say what went wrong. */
export function readBilling(queries: QueryClient, me: SchemaMe, context: Context): void {
  const { accountId, organizationId } = context;
  void queries.prefetchQuery(autoTopUpQuery(accountId));
  void queries.prefetchInfiniteQuery(topUpsQuery(accountId));
  void queries.prefetchQuery(paymentMethodsQuery);
  if (organizationId !== undefined) void queries.prefetchQuery(contributionsQuery(accountId, {}));
  if (!isFirstRunOver(me, context)) void queries.prefetchQuery(anyUsageQuery(accountId));
}
