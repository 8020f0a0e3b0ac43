// Sums of usage as the API shows them, in JSON and in CSV.
import { z } from 'zod';
import { formatDollars } from '../ledger/money.ts';
import { type Grouping, groupings, type UsageSum } from '../ledger/reading/usage-sums.ts';
import { type CsvCell, textCell } from './csv.ts';
import { amount, named } from './schemas.ts';

const count = z.int().min(0);

export const usageSum = z
  .strictObject({
    day: z.iso.date().optional().describe('The UTC day on which the usage occurred.'),
    member: named.optional(),
    apiKey: named.optional(),
    model: z.string().optional(),
    tier: z.enum(['standard', 'batch']).optional(),
    others: z.literal(true).optional().describe('The sum of everything that `top` leaves out.'),
    events: count,
    inputTokens: count,
    cachedInputTokens: count,
    cacheWriteTokens: count,
    outputTokens: count,
    cost: amount,
  })
  .meta({
    id: 'UsageSum',
    description:
      'Has those of day, member, apiKey, model and tier it was grouped by; `others` stands for the member, key or model.',
  });

/** A sum as JSON. */
export function shownSum(sum: UsageSum, groupBy: readonly Grouping[]): z.input<typeof usageSum> {
  return {
    ...(sum.day !== null && { day: sum.day }),
    ...(sum.member !== null && { member: sum.member }),
    ...(sum.apiKey !== null && { apiKey: sum.apiKey }),
    ...(sum.model !== null && { model: sum.model }),
    ...(sum.batched !== null && { tier: tierOf(sum) }),
    ...(isOthers(sum, groupBy) && { others: true as const }),
    events: sum.events,
    inputTokens: sum.inputTokens,
    cachedInputTokens: sum.cachedInputTokens,
    cacheWriteTokens: sum.cacheWriteTokens,
    outputTokens: sum.outputTokens,
    cost: formatDollars(sum.cost),
  };
}

const GROUP_COLUMNS: Record<Grouping, readonly string[]> = {
  day: ['day'],
  member: ['memberId', 'memberName'],
  apiKey: ['apiKeyId', 'apiKeyName'],
  model: ['model'],
  tier: ['tier'],
};

const SUM_COLUMNS = [
  'events',
  'inputTokens',
  'cachedInputTokens',
  'cacheWriteTokens',
  'outputTokens',
  'cost',
];

/** The columns of sums that are grouped so. */
export function sumColumns(groupBy: readonly Grouping[]): string[] {
  return [...inOrder(groupBy).flatMap((one) => GROUP_COLUMNS[one]), ...SUM_COLUMNS];
}

/** A sum as a row of CSV, in the order of `sumColumns`; the sum of the others says so and has no id. */
export function sumRow(sum: UsageSum, groupBy: readonly Grouping[]): CsvCell[] {
  const nameless = isOthers(sum, groupBy) ? 'Others' : '';
  const cells: Record<Grouping, CsvCell[]> = {
    day: [sum.day ?? ''],
    member: sum.member === null ? ['', nameless] : [sum.member.id, textCell(sum.member.name)],
    apiKey: sum.apiKey === null ? ['', nameless] : [sum.apiKey.id, textCell(sum.apiKey.name)],
    model: [sum.model === null ? nameless : textCell(sum.model)],
    tier: [tierOf(sum)],
  };
  return [
    ...inOrder(groupBy).flatMap((one) => cells[one]),
    sum.events,
    sum.inputTokens,
    sum.cachedInputTokens,
    sum.cacheWriteTokens,
    sum.outputTokens,
    formatDollars(sum.cost),
  ];
}

const inOrder = (groupBy: readonly Grouping[]) => groupings.filter((one) => groupBy.includes(one));

const tierOf = ({ batched }: UsageSum) => (batched === true ? 'batch' : 'standard');

function isOthers(sum: UsageSum, groupBy: readonly Grouping[]): boolean {
  return (['member', 'apiKey', 'model'] as const).some((one) => groupBy.includes(one) && sum[one] === null);
}
