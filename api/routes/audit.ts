// The audit: who changed what, for the owners and admins of an organization, and all of it for operators.
import { z } from 'zod';
import type { Pool } from '../../ledger/database.ts';
import { type AuditFilter, readAudit } from '../../ledger/reading/audit.ts';
import { type CsvCell, csvQuery, streamCsv, wantsCsv } from '../csv.ts';
import { decodeIntegers, encodeCursor } from '../cursor.ts';
import { accountRoute, type Route, type RouteSurroundings, route } from '../route.ts';
import { accountParams, cursor, limit, moment, pageOf } from '../schemas.ts';
import { AUDIT_COLUMNS, type AuditReader, auditLine, auditRow, shownAuditLine } from '../shown-audit-line.ts';

const query = z.strictObject({
  from: moment.optional().describe('At or after this moment.'),
  to: moment.optional().describe('Before this moment.'),
  action: z
    .string()
    .regex(
      /^[a-z-]{1,50}\.([a-z-]{1,50})?$/,
      'An action is written as `member.joined`, or `member.` for all of them.',
    )
    .optional()
    .describe('`member.joined`, or `member.` for every action that begins so.'),
  actorId: z.uuid().optional().describe('A person or a token.'),
  subjectId: z.string().max(255).optional(),
  cursor: cursor.optional(),
  limit,
  ...csvQuery,
});

const operatorAuditLine = z
  .strictObject({ ...auditLine.shape, accountId: z.uuid().nullable() })
  .meta({ id: 'OperatorAuditLine' });

const CSV_PAGE = 1_000;

/** `GET /v1/accounts/{accountId}/audit`. */
export function auditRoutes(surroundings: RouteSurroundings): Route[] {
  return [accountAuditRoute(surroundings)];
}

/** `GET /v1/operator/audit`. */
export function operatorAuditRoutes(surroundings: RouteSurroundings): Route[] {
  return [operatorAuditRoute(surroundings)];
}

function accountAuditRoute(surroundings: RouteSurroundings): Route {
  const { pool } = surroundings;
  return accountRoute(surroundings, {
    method: 'get',
    path: '/v1/accounts/{accountId}/audit',
    summary: 'Who changed what, newest first',
    description:
      'Every change of rights, members, keys, rules and money, with who did it and the names of that time. With `format=csv` or `Accept: text/csv` the answer is a stream of everything that matches.',
    tag: 'Accounts',
    right: 'read-audit',
    params: accountParams,
    query,
    answers: {
      200: {
        description: 'A page of the audit',
        schema: pageOf(auditLine, 'AuditPage'),
        orText: 'text/csv',
      },
    },
    problems: ['account-not-found'],
    async handle(context) {
      const { principal, query, access } = context;
      const { accountId } = access;
      const reader = principal.kind === 'operator' ? 'operators' : 'members';
      const before = positionOf(query.cursor);
      if (wantsCsv(query.format, context)) {
        const pages = csvPages(pool, accountId, query, before, reader);
        await streamCsv(context, { name: `audit-${accountId}`, columns: AUDIT_COLUMNS, pages });
        return undefined;
      }
      const { lines, next } = await readAudit(pool, accountId, query, { before, limit: query.limit });
      return {
        status: 200,
        body: {
          items: lines.map((line) => shownAuditLine(line, reader)),
          nextCursor: next === undefined ? null : encodeCursor(next),
        },
      };
    },
  });
}

function operatorAuditRoute(surroundings: RouteSurroundings): Route {
  const { pool } = surroundings;
  return route(surroundings, {
    method: 'get',
    path: '/v1/operator/audit',
    summary: 'The audit of every account and of the deployment, newest first',
    description:
      'With `accountId: null` are changes of the deployment itself: its prices and its own tokens.',
    tag: 'Operators',
    caller: 'operator',
    scope: 'read',
    query,
    answers: {
      200: {
        description: 'A page of the audit',
        schema: pageOf(operatorAuditLine, 'OperatorAuditPage'),
        orText: 'text/csv',
      },
    },
    async handle(context) {
      const { query } = context;
      const before = positionOf(query.cursor);
      if (wantsCsv(query.format, context)) {
        const pages = csvPages(pool, undefined, query, before, 'operators');
        await streamCsv(context, { name: 'audit', columns: [...AUDIT_COLUMNS, 'accountId'], pages });
        return undefined;
      }
      const { lines, next } = await readAudit(pool, undefined, query, { before, limit: query.limit });
      return {
        status: 200,
        body: {
          items: lines.map((line) => ({ ...shownAuditLine(line, 'operators'), accountId: line.accountId })),
          nextCursor: next === undefined ? null : encodeCursor(next),
        },
      };
    },
  });
}

function positionOf(text: string | undefined): bigint | undefined {
  return text === undefined ? undefined : decodeIntegers(text, 1)[0];
}

/** Without an account, rows end with the account of each line. */
async function* csvPages(
  pool: Pool,
  accountId: string | undefined,
  filter: AuditFilter,
  from: bigint | undefined,
  reader: AuditReader,
): AsyncGenerator<CsvCell[][]> {
  let before = from;
  do {
    const { lines, next } = await readAudit(pool, accountId, filter, { before, limit: CSV_PAGE });
    yield lines.map((line) => [
      ...auditRow(line, reader),
      ...(accountId === undefined ? [line.accountId ?? ''] : []),
    ]);
    before = next;
  } while (before !== undefined);
}
