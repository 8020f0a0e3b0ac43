// The filters of the history as they stand in the address: what is not one of them is dropped.
import type { TransactionFilter } from '../api/queries.ts';

const TYPES = ['usage', 'top-up', 'refund', 'dispute', 'grant', 'adjustment'] as const;
type Type = (typeof TYPES)[number];

export interface TransactionSearch {
  from?: string;
  to?: string;
  type?: Type;
  memberId?: string;
  apiKeyId?: string;
  model?: string;
  batchId?: string;
}

export const transactionTypes = TYPES;

/** Reads the filters out of an address. */
export function readTransactionSearch(search: Record<string, unknown>): TransactionSearch {
  const read: TransactionSearch = {};
  for (const name of ['from', 'to', 'memberId', 'apiKeyId', 'model', 'batchId'] as const) {
    const value = search[name];
    if (typeof value === 'string' && value !== '') read[name] = value;
  }
  const type = TYPES.find((one) => one === search['type']);
  if (type !== undefined) read.type = type;
  return read;
}

/** The filters as the API takes them: `to` is the last day that is shown. */
export function filterOf({ to, ...search }: TransactionSearch): TransactionFilter {
  return { ...search, ...(to !== undefined && { to: dayAfter(to) }) } as TransactionFilter;
}

function dayAfter(day: string): string {
  const date = new Date(`${day.slice(0, 10)}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + 1);
  return Number.isNaN(date.getTime()) ? day : date.toISOString().slice(0, 10);
}
