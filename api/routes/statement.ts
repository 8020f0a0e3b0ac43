// Statement: the ledger's entries of an account, newest first, by page as JSON or as a whole as CSV.
import { z } from 'zod';
import type { Pool } from '../../ledger/database.ts';
import { readStatement, type StatementFilter } from '../../ledger/reading/statement.ts';
import { type CsvCell, csvQuery, streamCsv, wantsCsv } from '../csv.ts';
import { decodeIntegers, encodeCursor, pageFrom } from '../cursor.ts';
import { accountRoute, type Route, type RouteSurroundings } from '../route.ts';
import { accountParams, cursor, limit, moment, pageOf } from '../schemas.ts';
import { ENTRY_COLUMNS, entry, entryRow, shownEntry } from '../shown-entry.ts';

const query = z.strictObject({
  from: moment.optional().describe('Posted at or after this moment.'),
  to: moment.optional().describe('Posted before this moment.'),
  cursor: cursor.optional(),
  limit,
  ...csvQuery,
});

const CSV_PAGE = 1_000;

/** `GET /v1/accounts/{accountId}/statement`. */
export function statementRoutes(surroundings: RouteSurroundings): Route[] {
  const { pool } = surroundings;
  return [
    accountRoute(surroundings, {
      method: 'get',
      path: '/v1/accounts/{accountId}/statement',
      summary: 'The ledger: entries with seq and the balance after each, newest first',
      description:
        'A usage entry sums the usage events between two postings; the history shows each of them. With `format=csv` or `Accept: text/csv` the answer is a stream of everything that matches.',
      tag: 'Accounts',
      right: 'read',
      params: accountParams,
      query,
      answers: {
        200: { description: 'A page of entries', schema: pageOf(entry, 'EntryPage'), orText: 'text/csv' },
      },
      problems: ['account-not-found'],
      async handle(context) {
        const { cursor, limit, format, ...filter } = context.query;
        const { accountId } = context.access;
        const before = cursor === undefined ? undefined : decodeIntegers(cursor, 1)[0];
        if (wantsCsv(format, context)) {
          const pages = csvPages(pool, accountId, filter, before);
          await streamCsv(context, { name: `statement-${accountId}`, columns: ENTRY_COLUMNS, pages });
          return undefined;
        }
        const { items, nextCursor } = await readPage(pool, accountId, filter, { before, limit });
        return { status: 200, body: { items: items.map(shownEntry), nextCursor } };
      },
    }),
  ];
}

async function readPage(
  pool: Pool,
  accountId: string,
  filter: StatementFilter,
  { before, limit }: { readonly before: bigint | undefined; readonly limit: number },
) {
  const found = await readStatement(pool, accountId, filter, { before, limit: limit + 1 });
  return pageFrom(found, limit, ({ seq }) => encodeCursor(seq));
}

async function* csvPages(
  pool: Pool,
  accountId: string,
  filter: StatementFilter,
  from: bigint | undefined,
): AsyncGenerator<CsvCell[][]> {
  let before = from;
  let hasMore = true;
  while (hasMore) {
    const { items, nextCursor } = await readPage(pool, accountId, filter, { before, limit: CSV_PAGE });
    yield items.map(entryRow);
    before = items.at(-1)?.seq;
    hasMore = nextCursor !== null;
  }
}
