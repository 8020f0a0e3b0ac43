// The deployment: the one currency all of its accounts are kept in, and how often each may be charged.
import { type Actor, setReason, withActing } from './acting.ts';
import type { Connection, Pool } from './database.ts';

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

/** How often an account may be charged by its rule of auto top-up: so many times within so many seconds. */
export interface ChargeLimit {
  readonly times: number;
  readonly withinSeconds: number;
}

const READ_CHARGE_LIMIT = `
  select attempts_most as times, extract(epoch from attempts_within)::int4 as "withinSeconds" from deployment`;

/** The charge limit of every account; two within ten minutes, unless somebody set another. */
export async function readChargeLimit(database: Database): Promise<ChargeLimit> {
  const { rows } = await database.query<ChargeLimit>(READ_CHARGE_LIMIT);
  const [row] = rows;
  if (row === undefined) throw new Error('the database has lost its deployment');
  return row;
}

const SET_CHARGE_LIMIT = `
  update deployment set attempts_most = $1::int4, attempts_within = $2::int4 * interval '1 second'`;

/** Sets the charge limit of every account, in force from the next charge on; the audit says who and why. */
export async function setChargeLimit(
  pool: Pool,
  actor: Actor,
  { times, withinSeconds, reason }: ChargeLimit & { readonly reason: string },
  now: Date,
): Promise<void> {
  await withActing(pool, actor, now, async (connection) => {
    await setReason(connection, reason);
    await connection.query(SET_CHARGE_LIMIT, [times, withinSeconds]);
  });
}

/** Makes this the currency of the deployment, which is chosen before its first account. Throws when it is too late. */
export async function setCurrency(database: Database, currency: string): Promise<void> {
  const { rowCount } = await database.query(SET_CURRENCY, [currency]);
  if (rowCount !== 0) return;
  const kept = await readCurrency(database);
  throw new Error(`this database keeps its accounts in ${kept}, which cannot change to ${currency} any more`);
}
