// Queries of Billing: who paid how much, who may act, and what a rule would have charged.
import { queryOptions } from '@tanstack/react-query';
import { api, read } from '../client.ts';
import type { operations, SchemaAutoTopUpTerms, SchemaMember } from '../schema.d.ts';

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
