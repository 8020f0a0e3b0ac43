// Transactions: an account's history, newest first, by page as JSON or as a whole as CSV, and each line by its id.
import { z } from 'zod';
import type { Pool } from '../../ledger/database.ts';
import { type HistoryFilter, readHistory, readTransaction } from '../../ledger/reading/history.ts';
import { type HistoryCursor, transactionTypes } from '../../ledger/reading/history-line.ts';
import { type CsvCell, csvQuery, streamCsv, wantsCsv } from '../csv.ts';
import { decodeIntegers, encodeCursor } from '../cursor.ts';
import { Problem } from '../problem.ts';
import { accountRoute, type Route, type RouteSurroundings } from '../route.ts';
import { accountParams, cursor, limit, moment, pageOf } from '../schemas.ts';
import { CSV_COLUMNS, csvRow, shownTransaction, transaction } from '../shown-transaction.ts';

const query = z.strictObject({
  from: moment.optional().describe('Occurred at or after this moment.'),
  to: moment.optional().describe('Occurred before this moment.'),
  type: z.enum(transactionTypes).optional(),
  memberId: z.uuid().optional().describe('Whose key it was, or who paid.'),
  apiKeyId: z.uuid().optional(),
  model: z.string().max(255).optional(),
  batchId: z.string().max(255).optional(),
  cursor: cursor.optional(),
  limit,
  ...csvQuery,
});

const transactionParams = z.strictObject({
  ...accountParams.shape,
  transactionId: z.string().describe('The id of a line.'),
});

const CSV_PAGE = 1_000;

/** `GET /v1/accounts/{accountId}/transactions` and `…/transactions/{transactionId}`. */
export function transactionRoutes(surroundings: RouteSurroundings): Route[] {
  return [listRoute(surroundings), readRoute(surroundings)];
}

function listRoute(surroundings: RouteSurroundings): Route {
  const { pool } = surroundings;
  return accountRoute(surroundings, {
    method: 'get',
    path: '/v1/accounts/{accountId}/transactions',
    summary: 'The history, newest first',
    description:
      'One line per usage event and one per credit entry. A page may be shorter than its limit and still have a `nextCursor`: read on until it is null. With `format=csv` or `Accept: text/csv` the answer is a stream of the whole history that matches.',
    tag: 'Accounts',
    right: 'read',
    params: accountParams,
    query,
    answers: {
      200: {
        description: 'A page of the history',
        schema: pageOf(transaction, 'TransactionPage'),
        orText: 'text/csv',
      },
    },
    problems: ['account-not-found'],
    async handle(context) {
      const { query, access } = context;
      const { accountId } = access;
      const { cursor, limit, format, ...filter } = query;
      const before = cursor === undefined ? undefined : historyCursor(cursor);
      if (wantsCsv(format, context)) {
        const pages = csvPages(pool, accountId, filter, before);
        await streamCsv(context, { name: `transactions-${accountId}`, columns: CSV_COLUMNS, pages });
        return undefined;
      }
      const { lines, next } = await readHistory(pool, accountId, filter, { before, limit });
      return {
        status: 200,
        body: {
          items: lines.map(shownTransaction),
          nextCursor: next === undefined ? null : encodeCursor(next.position, next.seq),
        },
      };
    },
  });
}

function readRoute(surroundings: RouteSurroundings): Route {
  return accountRoute(surroundings, {
    method: 'get',
    path: '/v1/accounts/{accountId}/transactions/{transactionId}',
    summary: 'One line of the history',
    tag: 'Accounts',
    right: 'read',
    params: transactionParams,
    answers: { 200: { description: 'The line', schema: transaction } },
    problems: ['account-not-found', 'not-found'],
    async handle({ access, params }) {
      const line = await readTransaction(surroundings.pool, access.accountId, params.transactionId);
      if (line === undefined) throw new Problem('not-found', 'This account has no such transaction.');
      return { status: 200, body: shownTransaction(line) };
    },
  });
}

function historyCursor(text: string): HistoryCursor {
  const [position = 0n, seq = 0n] = decodeIntegers(text, 2);
  return { position, seq };
}

async function* csvPages(
  pool: Pool,
  accountId: string,
  filter: HistoryFilter,
  from: HistoryCursor | undefined,
): AsyncGenerator<CsvCell[][]> {
  let before = from;
  do {
    const { lines, next } = await readHistory(pool, accountId, filter, { before, limit: CSV_PAGE });
    yield lines.map(csvRow);
    before = next;
  } while (before !== undefined);
}
