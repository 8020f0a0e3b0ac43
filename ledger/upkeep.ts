// Upkeep: rows that are kept for a while only, and deleted when that is over, some of each table at a time.
import type { Pool } from './database.ts';

/** How long the answer to a request with an `Idempotency-Key` is kept for its repetitions. */
export const ANSWERS_KEPT_HOURS = 24;

/** A table of which nothing is lost by forgetting old rows; entries, usage, audit and what Stripe said stay for ever. */
interface KeptForAWhile {
  readonly name: string;
  /** Deletes at most `$2` rows that are over at `$1`; those that somebody holds come next time. */
  readonly statement: string;
}

/* Answers: 24 h, as promised. Counted attempts: until their window is over. Sessions and links: those that expired open
   nothing, and a day later nobody asks why. Notices that were sent or given up: as long as a fact may be told again;
   Stripe repeats its events for 30 days at most. */
const keptForAWhile: readonly KeptForAWhile[] = [
  {
    name: 'idempotency-keys',
    statement: `
      delete from idempotency_keys where (caller, key) in (
        select caller, key from idempotency_keys
        where claimed_at <= $1::timestamptz - interval '24 hours'
        order by claimed_at limit $2::int4 for update skip locked)`,
  },
  {
    name: 'rate-limits',
    statement: `
      delete from rate_limits where key in (
        select key from rate_limits where expire <= extract(epoch from $1::timestamptz) * 1000
        order by expire limit $2::int4 for update skip locked)`,
  },
  {
    name: 'sessions',
    statement: `
      delete from auth.sessions where id in (
        select id from auth.sessions where expires_at <= $1::timestamptz - interval '1 day'
        order by expires_at limit $2::int4 for update skip locked)`,
  },
  {
    name: 'verifications',
    statement: `
      delete from auth.verifications where id in (
        select id from auth.verifications where expires_at <= $1::timestamptz - interval '1 day'
        order by expires_at limit $2::int4 for update skip locked)`,
  },
  {
    name: 'notices',
    statement: `
      delete from notices where id in (
        select id from notices where next_try_at is null and created_at <= $1::timestamptz - interval '90 days'
        order by created_at limit $2::int4 for update skip locked)`,
  },
];

/**
 * Deletes of every table that is kept for a while at most `most` rows whose time is over, each table in a statement of
 * its own. Returns how many rows of which table went. Several processes may do it at once.
 */
export async function deleteWhatIsOver(pool: Pool, now: Date, most: number): Promise<Map<string, number>> {
  const deleted = new Map<string, number>();
  for (const { name, statement } of keptForAWhile) {
    const { rowCount } = await pool.query(statement, [now, most]);
    deleted.set(name, rowCount ?? 0);
  }
  return deleted;
}
