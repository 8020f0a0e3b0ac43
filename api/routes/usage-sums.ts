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
} from '../../ledger/reading/usage-sums.ts';
import { type CsvCell, csvQuery, streamCsv, wantsCsv } from '../csv.ts';
import { Problem } from '../problem.ts';
import { accountRoute, type Route, type RouteSurroundings } from '../route.ts';
import { accountParams, moment, pageOf } from '../schemas.ts';
import { shownSum, sumColumns, sumRow, usageSum } from '../shown-usage-sum.ts';

const MOST_SUMS = 10_000;
const NO_LIMIT = 2 ** 31 - 1;
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
        'Days are UTC days on which the usage occurred. `from` is inclusive, `to` exclusive; a time of day counts as its whole day. With `format=csv` or `Accept: text/csv` the same sums come as CSV, however many they are.',
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
        const kept =
          top === undefined
            ? undefined
            : await rankUsage(pool, accountId, filter, { by: rankedBy(groupBy), limit: top });
        if (wantsCsv(format, context)) {
          const pages = csvPages(pool, accountId, filter, { groupBy, kept });
          await streamCsv(context, { name: `usage-${accountId}`, columns: sumColumns(groupBy), pages });
          return undefined;
        }
        const sums = await sumUsage(pool, accountId, filter, { groupBy, limit: MOST_SUMS + 1, kept });
        if (sums.length > MOST_SUMS) throw tooMany();
        return { status: 200, body: { items: sums.map((sum) => shownSum(sum, groupBy)), nextCursor: null } };
      },
    }),
  ];
}

function tooMany(): Problem {
  return new Problem(
    'request-invalid',
    `These are more than ${MOST_SUMS} sums: ask for fewer days or groups, for the \`top\` few, or for CSV.`,
  );
}

/** All sums, those of one month after those of the other, so that a file may be longer than an answer in JSON. */
async function* csvPages(
  pool: Pool,
  accountId: string,
  filter: UsageFilter,
  { groupBy, kept }: { readonly groupBy: readonly Grouping[]; readonly kept: readonly string[] | undefined },
): AsyncGenerator<CsvCell[][]> {
  const parts = groupBy.includes('day') ? await months(pool, accountId, filter) : [filter];
  for (const part of parts) {
    const sums = await sumUsage(pool, accountId, part, { groupBy, limit: NO_LIMIT, kept });
    yield sums.map((sum) => sumRow(sum, groupBy));
  }
}

/** The filter in parts of a month each, as far as there is usage, the earliest first. */
async function months(pool: Pool, accountId: string, filter: UsageFilter): Promise<UsageFilter[]> {
  const found = await sumUsage(pool, accountId, filter, { groupBy: ['day'], limit: NO_LIMIT });
  const days = found.map(({ day }) => day ?? '');
  return [...new Set(days.map(monthOf))].map((month) => {
    const within = days.filter((day) => monthOf(day) === month);
    const last = within.at(-1) ?? month;
    return { ...filter, from: within[0], to: dayOf(new Date(Date.parse(last) + DAY_MS)) };
  });
}

const monthOf = (day: string) => day.slice(0, 7);

function rankedBy(groupBy: readonly Grouping[]): Ranking {
  const [by, ...more] = rankings.filter((one) => groupBy.includes(one));
  if (by !== undefined && more.length === 0) return by;
  const detail = `\`top\` takes a groupBy with exactly one of ${rankings.join(', ')}.`;
  throw new Problem('request-invalid', detail, { errors: [{ pointer: '/query/top', detail }] });
}

function dayOf(moment: Date): string {
  return moment.toISOString().slice(0, 10);
}
