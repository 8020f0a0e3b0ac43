// The deployment: the one currency all of its accounts are kept in, and how often each may be charged.
import type { Connection } from './database.ts';

type Database = Pick<Connection, 'query'>;

const READ_CURRENCY = 'select currency from deployment';

const SET_CURRENCY = `
  update deployment set currency = $1::text
  where currency = $1::text or not exists (select from accounts)`;

/** The currency of accounts opened from now on. */
export async function readCurrency(database: Database): Promise<string> {
  const { rows } = await database.query<{ currency: string }>(READ_CURRENCY);
  const [row] = rows;
  if (row === undefined) throw new Error('the database has lost its currency');
  return row.currency;
}

const ALLOW_ATTEMPTS = 'update deployment set attempts_most = $1::int4';

/** How many charges of auto top-up an account may make within ten minutes; two, unless it is said. */
export async function allowAttempts(database: Database, most: number): Promise<void> {
  await database.query(ALLOW_ATTEMPTS, [most]);
}

/** Makes this the currency of the deployment, which is chosen before its first account. Throws when it is too late. */
export async function setCurrency(database: Database, currency: string): Promise<void> {
  const { rowCount } = await database.query(SET_CURRENCY, [currency]);
  if (rowCount !== 0) return;
  const kept = await readCurrency(database);
  throw new Error(`this database keeps its accounts in ${kept}, which cannot change to ${currency} any more`);
}
