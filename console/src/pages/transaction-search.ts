// The filters of the history as they stand in the address, and the line that is open: what is none of them is dropped.
import type { TransactionFilter } from '../api/queries/history.ts';
import { isDay, plusDays } from '../parts/days.ts';
import { isId, isWord, textOf } from '../parts/search.ts';

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
  /** The line whose details are shown. */
  line?: string;
}

export const transactionTypes = TYPES;

/** Reads the filters out of an address. What looks like a number there is text all the same. */
export function readTransactionSearch(search: Record<string, unknown>): TransactionSearch {
  const read: TransactionSearch = {};
  for (const name of ['from', 'to', 'memberId', 'apiKeyId', 'model', 'batchId', 'line'] as const) {
    const text = textOf(search[name]);
    if ((LOOKS_RIGHT[name] ?? isWord)(text)) read[name] = text;
  }
  const type = TYPES.find((one) => one === search['type']);
  if (type !== undefined) read.type = type;
  return read;
}

const LOOKS_RIGHT: Readonly<Record<string, (text: string) => boolean>> = {
  from: isDay,
  to: isDay,
  memberId: isId,
  apiKeyId: isId,
  line: (text) => /^(usage|entry)-\d{1,18}$/.test(text),
};

/** Whether lines are left out. */
export const isFiltered = ({ line: _line, ...filters }: TransactionSearch): boolean =>
  Object.values(filters).some((value) => value !== undefined);

/** The filters as the API takes them: `to` is the last day that is shown. */
export function filterOf({ line: _line, to, ...filters }: TransactionSearch): TransactionFilter {
  return { ...filters, ...(to !== undefined && { to: plusDays(to, 1) }) };
}
