// Usage sums: what an account used, by day, member, key, model and tier, as JSON or as CSV.
import { z } from 'zod';
import type { Pool } from '../../ledger/database.ts';
import {
  type Grouping,
  groupings,
  type Ranking,
  rankings,
  rankUsage,
  sumUsage,
  type UsageFilter,
  type UsageSum,
} from '../../ledger/reading/usage-sums.ts';
import { csvQuery, inOnePage, streamCsv, wantsCsv } from '../csv.ts';
import { Problem } from '../problem.ts';
import { accountRoute, type Route, type RouteSurroundings } from '../route.ts';
import { accountParams, moment, pageOf } from '../schemas.ts';
import { shownSum, sumColumns, sumRow, usageSum } from '../shown-usage-sum.ts';

const MOST_SUMS = 10_000;
const DAY_MS = 86_400_000;

const groupBy = z
  .string()
  .default('day')
  .transform((text) => text.split(','))
  .pipe(
    z
      .array(z.enum(groupings, { error: `groupBy takes ${groupings.join(', ')}, separated by commas.` }))
      .refine((names) => new Set(names).size === names.length, 'groupBy names something twice.'),
  )
  .describe(`Any of ${groupings.join(', ')}, separated by commas.`);

const query = z.strictObject({
  groupBy,
  from: moment.optional().describe('Occurred on or after this day.'),
  to: moment.optional().describe('Occurred before this day.'),
  memberId: z.uuid().optional(),
  apiKeyId: z.uuid().optional(),
  model: z.string().max(255).optional(),
  top: z.coerce
    .number('`top` is a whole number from 1 to 100.')
    .int('`top` is a whole number from 1 to 100.')
    .min(1, '`top` is at least 1.')
    .max(100, '`top` is at most 100.')
    .optional()
    .describe(
      'Only so many members, keys or models, those that cost most in the whole time; the rest is one sum with `others`. Takes a `groupBy` with exactly one of the three.',
    ),
  ...csvQuery,
});

/** `GET /v1/accounts/{accountId}/usage`. */
export function usageSumRoutes(surroundings: RouteSurroundings): Route[] {
  const { pool } = surroundings;
  return [
    accountRoute(surroundings, {
      method: 'get',
      path: '/v1/accounts/{accountId}/usage',
      summary: 'Sums of usage',
      description:
        'Days are UTC days on which the usage occurred. `from` is inclusive, `to` exclusive; a time of day counts as its whole day. With `format=csv` or `Accept: text/csv` the same sums come as CSV.',
      tag: 'Accounts',
      right: 'read',
      params: accountParams,
      query,
      answers: {
        200: { description: 'The sums', schema: pageOf(usageSum, 'UsageSums'), orText: 'text/csv' },
      },
      problems: ['account-not-found'],
      async handle(context) {
        const { query, access } = context;
        const { accountId } = access;
        const { groupBy, top, format, from, to, ...others } = query;
        const filter = {
          ...others,
          from: from && dayOf(from),
          to: to && dayOf(new Date(to.getTime() + DAY_MS - 1)),
        };
        const isCsv = wantsCsv(format, context);
        const sums = await readSums(pool, accountId, filter, { groupBy, top });
        if (!isCsv)
          return {
            status: 200,
            body: { items: sums.map((sum) => shownSum(sum, groupBy)), nextCursor: null },
          };
        const rows = sums.map((sum) => sumRow(sum, groupBy));
        await streamCsv(context, {
          name: `usage-${accountId}`,
          columns: sumColumns(groupBy),
          pages: inOnePage(rows),
        });
        return undefined;
      },
    }),
  ];
}

async function readSums(
  pool: Pool,
  accountId: string,
  filter: UsageFilter,
  { groupBy, top }: { readonly groupBy: readonly Grouping[]; readonly top: number | undefined },
): Promise<UsageSum[]> {
  const kept =
    top === undefined
      ? undefined
      : await rankUsage(pool, accountId, filter, { by: rankedBy(groupBy), limit: top });
  const sums = await sumUsage(pool, accountId, filter, { groupBy, limit: MOST_SUMS + 1, kept });
  if (sums.length <= MOST_SUMS) return sums;
  throw new Problem(
    'request-invalid',
    `These are more than ${MOST_SUMS} sums: ask for fewer days or groups, or for the \`top\` few.`,
  );
}

function rankedBy(groupBy: readonly Grouping[]): Ranking {
  const [by, ...more] = rankings.filter((one) => groupBy.includes(one));
  if (by !== undefined && more.length === 0) return by;
  const detail = `\`top\` takes a groupBy with exactly one of ${rankings.join(', ')}.`;
  throw new Problem('request-invalid', detail, { errors: [{ pointer: '/query/top', detail }] });
}

function dayOf(moment: Date): string {
  return moment.toISOString().slice(0, 10);
}
