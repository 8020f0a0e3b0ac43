// Queries: what the pages read, each under a key that live events can freshen.
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { keepDraftsOf } from '../parts/draft.ts';
import { api, read } from './client.ts';
import { ProblemError } from './problem.ts';

const path = (accountId: string) => ({ path: { accountId } });

export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: async () => {
    const { person } = await read(api.GET('/v1/session'));
    if (person === null) throw new ProblemError({ code: 'unauthenticated', title: 'Sign in first.' }, 401);
    keepDraftsOf(person.id);
    return person;
  },
  staleTime: 60_000,
});

/** Invitations to me. */
export const waitingInvitationsQuery = queryOptions({
  queryKey: ['me', 'invitations'],
  queryFn: () => read(api.GET('/v1/me/invitations')),
  staleTime: 60_000,
});

export const accountQuery = (accountId: string) =>
  queryOptions({
    queryKey: ['account', accountId],
    queryFn: () => read(api.GET('/v1/accounts/{accountId}', { params: path(accountId) })),
  });

export const topUpsQuery = (accountId: string) =>
  infiniteQueryOptions({
    queryKey: ['top-ups', accountId],
    queryFn: ({ pageParam }) =>
      read(
        api.GET('/v1/accounts/{accountId}/top-ups', {
          params: { ...path(accountId), query: { limit: 20, ...(pageParam && { cursor: pageParam }) } },
        }),
      ),
    initialPageParam: '',
    getNextPageParam: ({ nextCursor }) => nextCursor,
  });

export const topUpQuery = (accountId: string, topUpId: string) =>
  queryOptions({
    queryKey: ['top-ups', accountId, topUpId],
    queryFn: () =>
      read(
        api.GET('/v1/accounts/{accountId}/top-ups/{topUpId}', { params: { path: { accountId, topUpId } } }),
      ),
  });

/** The rule, null where there is none: which the account itself says, so that nothing is asked for that is not there. */
export const autoTopUpQuery = (accountId: string) =>
  queryOptions({
    queryKey: ['auto-top-up', accountId],
    queryFn: async ({ client }) => {
      const account = await client.fetchQuery({ ...accountQuery(accountId), staleTime: 0 });
      if (account.autoTopUp === 'off') return null;
      return read(api.GET('/v1/accounts/{accountId}/auto-top-up', { params: path(accountId) })).catch(
        (error: unknown) => {
          // it was switched off just now
          if (error instanceof ProblemError && error.code === 'not-found') return null;
          throw error;
        },
      );
    },
  });

export const paymentMethodsQuery = queryOptions({
  queryKey: ['me', 'payment-methods'],
  queryFn: () => read(api.GET('/v1/me/payment-methods')),
});
