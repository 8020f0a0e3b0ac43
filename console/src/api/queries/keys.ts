// Queries of API keys, members, invitations and tokens.
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api, read } from '../client.ts';

export type KeyState = 'active' | 'expired' | 'revoked';

export const keysQuery = (accountId: string, state: KeyState | undefined) =>
  infiniteQueryOptions({
    queryKey: ['api-keys', accountId, 'page', state],
    queryFn: ({ pageParam }) =>
      read(
        api.GET('/v1/accounts/{accountId}/api-keys', {
          params: {
            path: { accountId },
            query: { limit: 50, ...(state && { state }), ...(pageParam && { cursor: pageParam }) },
          },
        }),
      ),
    initialPageParam: '',
    getNextPageParam: ({ nextCursor }) => nextCursor,
  });

export const membersQuery = (organizationId: string) =>
  queryOptions({
    queryKey: ['members', organizationId],
    queryFn: () =>
      read(
        api.GET('/v1/organizations/{organizationId}/members', {
          params: { path: { organizationId }, query: { limit: 500 } },
        }),
      ),
  });

export const invitationsQuery = (organizationId: string) =>
  queryOptions({
    queryKey: ['invitations', organizationId],
    queryFn: () =>
      read(
        api.GET('/v1/organizations/{organizationId}/invitations', {
          params: { path: { organizationId }, query: { limit: 100 } },
        }),
      ),
  });

export const tokensQuery = (organizationId: string) =>
  queryOptions({
    queryKey: ['tokens', organizationId],
    queryFn: () =>
      read(
        api.GET('/v1/organizations/{organizationId}/tokens', {
          params: { path: { organizationId }, query: { limit: 100 } },
        }),
      ),
  });
