// What the usage page shows, as it stands in the address: by what it is stacked, which days, and whose.
import type { UsageFilter } from '../../api/queries/usage.ts';
import { countDays, isDay, plusDays, today } from '../../parts/days.ts';
import { isId, isWord, textOf } from '../../parts/search.ts';
import { type Group, groups } from './stacks.ts';

const PERIODS = ['7d', '30d', '90d', 'custom'] as const;

export interface UsageSearch {
  by?: Group;
  period?: '7d' | '90d' | 'custom';
  from?: string;
  to?: string;
  memberId?: string;
  apiKeyId?: string;
  model?: string;
}

/** First and last day, both shown. */
export interface Period {
  readonly from: string;
  readonly to: string;
}

export const MOST_DAYS = 366;

/** Reads it out of an address; what makes no sense is dropped. */
export function readUsageSearch(search: Record<string, unknown>): UsageSearch {
  const read: UsageSearch = {};
  const by = groups.find((one) => one === search['by']);
  const period = PERIODS.find((one) => one === search['period']);
  if (by !== undefined) read.by = by;
  if (period !== undefined && period !== '30d') read.period = period;
  for (const name of ['from', 'to', 'memberId', 'apiKeyId', 'model'] as const) {
    const text = textOf(search[name]);
    if (name.endsWith('Id') ? isId(text) : isWord(text)) read[name] = text;
  }
  return read;
}

/** The days to show; undefined while those that were typed make no period. */
export function periodOf(search: UsageSearch): Period | undefined {
  if (search.period === 'custom') {
    const { from = '', to = '' } = search;
    return periodFault(from, to) === undefined ? { from, to } : undefined;
  }
  const to = today();
  return { from: plusDays(to, 1 - Number.parseInt(search.period ?? '30d', 10)), to };
}

/** What is wrong with two days, in the words of the person who chose them. */
export function periodFault(from: string, to: string): string | undefined {
  if (!isDay(from) || !isDay(to)) return 'Choose the first and the last day.';
  if (from > to) return 'The first day is after the last one.';
  if (countDays(from, to) > MOST_DAYS) return `Choose at most ${MOST_DAYS} days.`;
  return undefined;
}

/** The days and whose, as the API takes them. */
export function usageFilterOf(
  { memberId, apiKeyId, model }: UsageSearch,
  { from, to }: Period,
): Pick<UsageFilter, 'from' | 'to' | 'memberId' | 'apiKeyId' | 'model'> {
  return {
    from,
    to: plusDays(to, 1),
    ...(memberId !== undefined && { memberId }),
    ...(apiKeyId !== undefined && { apiKeyId }),
    ...(model !== undefined && { model }),
  };
}
