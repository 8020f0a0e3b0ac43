// The days of the statement as they stand in the address.
import { isDay, plusDays } from '../../parts/days.ts';
import { textOf } from '../../parts/search.ts';

export interface StatementSearch {
  from?: string;
  /** The last day that is shown. */
  to?: string;
}

/** Reads the days out of an address; what is none is dropped. */
export function readStatementSearch(search: Record<string, unknown>): StatementSearch {
  const read: StatementSearch = {};
  for (const name of ['from', 'to'] as const) {
    const text = textOf(search[name]);
    if (isDay(text)) read[name] = text;
  }
  return read;
}

/** The days as the API takes them. */
export function statementFilterOf({ from, to }: StatementSearch): StatementSearch {
  return { ...(from !== undefined && { from }), ...(to !== undefined && { to: plusDays(to, 1) }) };
}
