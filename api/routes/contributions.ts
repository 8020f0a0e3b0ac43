// Contributions: who paid how much into an account, as a page or as a file for expense claims.
import { z } from 'zod';
import { formatDollars } from '../../ledger/money.ts';
import { type Contribution, readContributions } from '../../ledger/reading/contributions.ts';
import { type CsvCell, csvQuery, inOnePage, streamCsv, textCell, wantsCsv } from '../csv.ts';
import { accountRoute, type Route, type RouteSurroundings } from '../route.ts';
import { accountParams, amount, moment, named, pageOf, timestamp } from '../schemas.ts';

const part = z.strictObject({ count: z.int().min(0), total: amount });

const contribution = z
  .strictObject({
    payer: named,
    total: amount,
    manual: part.describe('What they added by hand.'),
    auto: part.describe('What auto top-up charged to their card.'),
    firstAt: timestamp,
    lastAt: timestamp,
  })
  .meta({ id: 'Contribution' });

const query = z.strictObject({
  from: moment.optional().describe('Credited at or after this moment.'),
  to: moment.optional().describe('Credited before this moment.'),
  ...csvQuery,
});

/** `GET /v1/accounts/{accountId}/contributions`. */
export function contributionRoutes(surroundings: RouteSurroundings): Route[] {
  const { pool } = surroundings;
  return [
    accountRoute(surroundings, {
      method: 'get',
      path: '/v1/accounts/{accountId}/contributions',
      summary: 'Who paid how much',
      description:
        'One line per payer, the most first. With `format=csv` or `Accept: text/csv` the answer is a file.',
      tag: 'Top-ups',
      right: 'read',
      params: accountParams,
      query,
      answers: {
        200: {
          description: 'The contributions',
          schema: pageOf(contribution, 'ContributionPage'),
          orText: 'text/csv',
        },
      },
      problems: ['account-not-found'],
      async handle(context) {
        const { from, to, format } = context.query;
        const { accountId } = context.access;
        const found = await readContributions(pool, accountId, { from, to });
        if (wantsCsv(format, context)) {
          const pages = inOnePage(found.map(csvRow));
          const table = { name: `contributions-${accountId}`, columns: CSV_COLUMNS, pages };
          await streamCsv(context, table);
          return undefined;
        }
        return { status: 200, body: { items: found.map(shown), nextCursor: null } };
      },
    }),
  ];
}

function shown(found: Contribution): z.input<typeof contribution> {
  const { payer, total, manual, auto, firstAt, lastAt } = found;
  return {
    payer,
    total: formatDollars(total),
    manual: { count: manual.count, total: formatDollars(manual.total) },
    auto: { count: auto.count, total: formatDollars(auto.total) },
    firstAt: firstAt.toISOString(),
    lastAt: lastAt.toISOString(),
  };
}

const CSV_COLUMNS = [
  'payerId',
  'payerName',
  'total',
  'manualCount',
  'manualTotal',
  'autoCount',
  'autoTotal',
  'firstAt',
  'lastAt',
] as const;

function csvRow(contribution: Contribution): CsvCell[] {
  const { payer, total, manual, auto, firstAt, lastAt } = shown(contribution);
  return [
    payer.id,
    textCell(payer.name),
    total,
    manual.count,
    manual.total,
    auto.count,
    auto.total,
    firstAt,
    lastAt,
  ];
}
