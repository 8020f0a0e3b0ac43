// Where the CSV of a table lies: the same filters, as a file that the browser saves itself.

/** The address of everything that matches. `format=csv` stands for the header that a link cannot send. */
export function csvAddress(
  accountId: string,
  table: 'transactions' | 'statement' | 'audit' | 'usage' | 'contributions',
  filter: Readonly<Record<string, unknown>>,
): string {
  const query = new URLSearchParams({ format: 'csv' });
  for (const [name, value] of Object.entries(filter)) if (value !== undefined) query.set(name, String(value));
  return `/v1/accounts/${accountId}/${table}?${query}`;
}
