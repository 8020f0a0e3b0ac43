// Where the CSV of a history lies: the same filters, as a file that the browser saves itself.
import type { TransactionFilter } from '../../api/queries.ts';

/** The address of the whole history that matches. `format=csv` stands for the header that a link cannot send. */
export function csvAddress(accountId: string, filter: TransactionFilter): string {
  const query = new URLSearchParams({ format: 'csv' });
  for (const [name, value] of Object.entries(filter)) if (value !== undefined) query.set(name, String(value));
  return `/v1/accounts/${accountId}/transactions?${query}`;
}
