// Transactions: an account's history, newest first, by page as JSON or as a whole as CSV.
import { once } from 'node:events';
import { stringify } from 'csv-stringify/sync';
import type { Response } from 'express';
import { z } from 'zod';
import type { Pool } from '../../ledger/database.ts';
import { type HistoryFilter, readHistory } from '../../ledger/reading/history.ts';
import { type HistoryCursor, transactionTypes } from '../../ledger/reading/history-line.ts';
import { decodeIntegers, encodeCursor } from '../cursor.ts';
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
});

const CSV_PAGE = 1_000;

/** `GET /v1/accounts/{accountId}/transactions`. */
export function transactionRoutes(surroundings: RouteSurroundings): Route[] {
  const { pool } = surroundings;
  return [
    accountRoute(surroundings, {
      method: 'get',
      path: '/v1/accounts/{accountId}/transactions',
      summary: 'The history, newest first',
      description:
        'One line per usage event and one per credit entry. A page may be shorter than its limit and still have a `nextCursor`: read on until it is null. With `Accept: text/csv` the answer is a stream of the whole history that matches.',
      tag: 'Accounts',
      right: 'read',
      params: accountParams,
      query,
      answers: {
        200: { description: 'A page of the history', schema: pageOf(transaction, 'TransactionPage') },
      },
      problems: ['account-not-found'],
      async handle({ query, request, response, access }) {
        const { accountId } = access;
        const before = query.cursor === undefined ? undefined : historyCursor(query.cursor);
        response.vary('accept');
        if (request.accepts(['application/json', 'text/csv']) === 'text/csv') {
          await streamCsv(response, pool, accountId, query, before);
          return undefined;
        }
        const { lines, next } = await readHistory(pool, accountId, query, { before, limit: query.limit });
        return {
          status: 200,
          body: {
            items: lines.map(shownTransaction),
            nextCursor: next === undefined ? null : encodeCursor(next.position, next.seq),
          },
        };
      },
    }),
  ];
}

function historyCursor(text: string): HistoryCursor {
  const [position = 0n, seq = 0n] = decodeIntegers(text, 2);
  return { position, seq };
}

/** Page after page, each sent before the next one is read, so that no history is ever held as a whole. */
async function streamCsv(
  response: Response,
  pool: Pool,
  accountId: string,
  filter: HistoryFilter,
  from: HistoryCursor | undefined,
): Promise<void> {
  let before = from;
  let started = false;
  do {
    const { lines, next } = await readHistory(pool, accountId, filter, { before, limit: CSV_PAGE });
    if (!started) {
      response.status(200).type('text/csv').attachment(`transactions-${accountId}.csv`);
      response.write(stringify([[...CSV_COLUMNS]]));
      started = true;
    }
    const hasRoom = lines.length === 0 || response.write(stringify(lines.map(csvRow)));
    if (!hasRoom) await Promise.race([once(response, 'drain'), once(response, 'close')]);
    before = next;
  } while (before !== undefined && !response.destroyed);
  response.end();
}
