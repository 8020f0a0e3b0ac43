// Queries of the history. Nothing in it ever changes, it only grows at its newest end: so what was read is kept as it
// is, and live events read nothing but the newest page again.
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api, read } from '../client.ts';
import type { operations } from '../schema.d.ts';

export type TransactionFilter = Omit<
  NonNullable<operations['getAccountsTransactions']['parameters']['query']>,
  'cursor' | 'limit' | 'format'
>;

const PAGE = 100;

const readPage = (accountId: string, filter: TransactionFilter, cursor: string, limit = PAGE) =>
  read(
    api.GET('/v1/accounts/{accountId}/transactions', {
      params: { path: { accountId }, query: { ...filter, limit, ...(cursor !== '' && { cursor }) } },
    }),
  );

/** The pages read so far. Its key hides the account from the live events: a thousand pages are not read anew. */
export const historyQuery = (accountId: string, filter: TransactionFilter) =>
  infiniteQueryOptions({
    queryKey: ['history', { accountId, filter }],
    queryFn: ({ pageParam }) => readPage(accountId, filter, pageParam),
    initialPageParam: '',
    getNextPageParam: ({ nextCursor }) => nextCursor,
    staleTime: Number.POSITIVE_INFINITY,
  });

/** The newest page, which live events freshen. */
export const newestQuery = (accountId: string, filter: TransactionFilter) =>
  queryOptions({
    queryKey: ['transactions', accountId, filter],
    queryFn: () => readPage(accountId, filter, ''),
  });

/** The newest request alone: whether there was ever one. Live events freshen it too. */
export const anyUsageQuery = (accountId: string) =>
  queryOptions({
    queryKey: ['transactions', accountId, 'any-usage'],
    queryFn: () => readPage(accountId, { type: 'usage' }, '', 1),
  });

/** One line by its id, for an address that names it. */
export const lineQuery = (accountId: string, transactionId: string) =>
  queryOptions({
    queryKey: ['transaction', { accountId, transactionId }],
    queryFn: () =>
      read(
        api.GET('/v1/accounts/{accountId}/transactions/{transactionId}', {
          params: { path: { accountId, transactionId } },
        }),
      ),
    staleTime: Number.POSITIVE_INFINITY,
  });

export type StatementFilter = Pick<
  NonNullable<operations['getAccountsStatement']['parameters']['query']>,
  'from' | 'to'
>;

/** The entries of the ledger, newest first. */
export const statementQuery = (accountId: string, filter: StatementFilter) =>
  infiniteQueryOptions({
    queryKey: ['statement', accountId, filter],
    queryFn: ({ pageParam }) =>
      read(
        api.GET('/v1/accounts/{accountId}/statement', {
          params: {
            path: { accountId },
            query: { ...filter, limit: 50, ...(pageParam !== '' && { cursor: pageParam }) },
          },
        }),
      ),
    initialPageParam: '',
    getNextPageParam: ({ nextCursor }) => nextCursor,
  });
