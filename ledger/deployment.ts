// The deployment: the one currency all of its accounts are kept in.
import type { Pool } from './database.ts';

const SET_CURRENCY = `
  update deployment set currency = $1::text
  where currency = $1::text or not exists (select from accounts)`;

/** Makes this the currency of accounts opened from now on. Throws when there are accounts in another one. */
export async function setCurrency(pool: Pool, currency: string): Promise<void> {
  const { rowCount } = await pool.query(SET_CURRENCY, [currency]);
  if (rowCount === 0)
    throw new Error(`this database keeps its accounts in another currency than ${currency}`);
}
