// Statement: the ledger's entries of an account, newest first.
import { z } from 'zod';
import { readStatement } from '../../ledger/reading/statement.ts';
import { decodeIntegers, encodeCursor, pageFrom } from '../cursor.ts';
import { accountRoute, type Route, type RouteSurroundings } from '../route.ts';
import { accountParams, cursor, limit, pageOf } from '../schemas.ts';
import { entry, shownEntry } from '../shown-entry.ts';

/** `GET /v1/accounts/{accountId}/statement`. */
export function statementRoutes(surroundings: RouteSurroundings): Route[] {
  const { pool } = surroundings;
  return [
    accountRoute(surroundings, {
      method: 'get',
      path: '/v1/accounts/{accountId}/statement',
      summary: 'The ledger: entries with seq and the balance after each, newest first',
      description:
        'A usage entry sums the usage events between two postings; the history shows each of them.',
      tag: 'Accounts',
      right: 'read',
      params: accountParams,
      query: z.strictObject({ cursor: cursor.optional(), limit }),
      answers: { 200: { description: 'A page of entries', schema: pageOf(entry, 'EntryPage') } },
      problems: ['account-not-found'],
      async handle({ query, access }) {
        const { accountId } = access;
        const before = query.cursor === undefined ? undefined : decodeIntegers(query.cursor, 1)[0];
        const found = await readStatement(pool, accountId, { before, limit: query.limit + 1 });
        const { items, nextCursor } = pageFrom(found, query.limit, ({ seq }) => encodeCursor(seq));
        return { status: 200, body: { items: items.map(shownEntry), nextCursor } };
      },
    }),
  ];
}
