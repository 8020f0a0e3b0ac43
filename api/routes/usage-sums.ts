// Usage sums: what an account used, by day, member, key, model and tier.
import { z } from 'zod';
import { formatDollars } from '../../ledger/money.ts';
import { groupings, sumUsage, type UsageSum } from '../../ledger/reading/usage-sums.ts';
import { Problem } from '../problem.ts';
import { accountRoute, type Route, type RouteSurroundings } from '../route.ts';
import { accountParams, amount, moment, named, pageOf } from '../schemas.ts';

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

const count = z.int().min(0);

const usageSum = z
  .strictObject({
    day: z.iso.date().optional().describe('The UTC day on which the usage occurred.'),
    member: named.optional(),
    apiKey: named.optional(),
    model: z.string().optional(),
    tier: z.enum(['standard', 'batch']).optional(),
    events: count,
    inputTokens: count,
    cachedInputTokens: count,
    cacheWriteTokens: count,
    outputTokens: count,
    cost: amount,
  })
  .meta({
    id: 'UsageSum',
    description: 'Has those of day, member, apiKey, model and tier it was grouped by.',
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
        'Days are UTC days on which the usage occurred. `from` is inclusive, `to` exclusive; a time of day counts as its whole day.',
      tag: 'Accounts',
      right: 'read',
      params: accountParams,
      query: z.strictObject({ groupBy, from: moment.optional(), to: moment.optional() }),
      answers: { 200: { description: 'The sums', schema: pageOf(usageSum, 'UsageSums') } },
      problems: ['account-not-found'],
      async handle({ query, access }) {
        const { accountId } = access;
        const sums = await sumUsage(pool, accountId, {
          groupBy: query.groupBy,
          from: query.from && dayOf(query.from),
          to: query.to && dayOf(new Date(query.to.getTime() + DAY_MS - 1)),
          limit: MOST_SUMS + 1,
        });
        if (sums.length > MOST_SUMS) {
          throw new Problem(
            'request-invalid',
            `These are more than ${MOST_SUMS} sums: ask for fewer days or groups.`,
          );
        }
        return { status: 200, body: { items: sums.map(shownSum), nextCursor: null } };
      },
    }),
  ];
}

function dayOf(moment: Date): string {
  return moment.toISOString().slice(0, 10);
}

function shownSum(sum: UsageSum): z.input<typeof usageSum> {
  return {
    ...(sum.day !== null && { day: sum.day }),
    ...(sum.member !== null && { member: sum.member }),
    ...(sum.apiKey !== null && { apiKey: sum.apiKey }),
    ...(sum.model !== null && { model: sum.model }),
    ...(sum.batched !== null && { tier: sum.batched ? 'batch' : 'standard' }),
    events: sum.events,
    inputTokens: sum.inputTokens,
    cachedInputTokens: sum.cachedInputTokens,
    cacheWriteTokens: sum.cacheWriteTokens,
    outputTokens: sum.outputTokens,
    cost: formatDollars(sum.cost),
  };
}
