// What the sweeper reads and marks: rings that nobody answered, and pending that waits too long to be posted.
import type { Pool } from './database.ts';

/** An account to be rung. */
export interface DueAccount {
  readonly accountId: string;
  readonly pendingNanos: string;
}

interface DueAccountRow {
  account_id: string;
  pending: string;
}

/* A ring is unanswered when it is 3 s old; it is repeated then, and again 12 s, 48 s … up to 5 minutes later, so
   that the actors of a machine that is minutes behind hear little of it. While repetitions are answered, more are
   sent than the rate asks for: as many as leave `$3` of them open. So rings that were lost come back as fast as
   they are answered, and those of actors that are only slow don't turn into a storm. Rows that are locked are
   skipped: whoever has them may be the answer, and a sweep waits for nobody. */
export const TAKE_UNANSWERED_RINGS = `
  update account_balances b set
    rings_repeated = b.rings_repeated + 1,
    ring_again_at = $1::timestamptz
      + least(interval '5 minutes', interval '12 seconds' * power(4, least(b.rings_repeated, 3)))
  from (
    select account_id from account_balances
    where rung_at <= $1::timestamptz - interval '3 seconds'
      and (ring_again_at is null or ring_again_at <= $1::timestamptz)
    order by rung_at
    limit greatest($2::int4, $3::int4
      - (select count(*) from account_balances where rung_at is not null and rings_repeated > 0))
    for update skip locked
  ) due
  where b.account_id = due.account_id
  returning b.account_id, b.pending`;

/**
 * Takes the oldest rings without an answer and notes that they are repeated now: `most` of them, or as many more as
 * leave at most `mostOpen` repetitions without an answer.
 */
export async function takeUnansweredRings(
  pool: Pool,
  now: Date,
  { most, mostOpen }: { readonly most: number; readonly mostOpen: number },
): Promise<DueAccount[]> {
  const { rows } = await pool.query<DueAccountRow>(TAKE_UNANSWERED_RINGS, [now, most, mostOpen]);
  return rows.map(dueAccount);
}

/* Marks the ring as outstanding, so that no flush makes another and an unanswered one is repeated. */
export const TAKE_OVERDUE_PENDING = `
  update account_balances b set rung_at = $1::timestamptz
  from (
    select account_id from account_balances
    where pending_since <= $1::timestamptz - $3::int4 * interval '1 millisecond' and rung_at is null
    order by pending_since limit $2::int4 for update skip locked
  ) due
  where b.account_id = due.account_id
  returning b.account_id, b.pending`;

/** Takes the accounts whose pending is older than the settlement interval and marks them as rung. */
export async function takeOverduePending(
  pool: Pool,
  now: Date,
  most: number,
  settlementIntervalMs: number,
): Promise<DueAccount[]> {
  const { rows } = await pool.query<DueAccountRow>(TAKE_OVERDUE_PENDING, [now, most, settlementIntervalMs]);
  return rows.map(dueAccount);
}

/* Marked as rung, as above: the posting that answers decides anew and writes when to decide next. */
export const TAKE_DUE_EVALUATIONS = `
  update account_balances b set rung_at = $1::timestamptz
  from (
    select a.account_id from auto_top_up_rules r join account_balances a on a.account_id = r.account_id
    where r.next_evaluation_at <= $1::timestamptz and a.rung_at is null
    order by r.next_evaluation_at limit $2::int4 for update of a skip locked
  ) due
  where b.account_id = due.account_id
  returning b.account_id, b.pending`;

/** Takes the accounts whose rule of auto top-up is to be evaluated again and marks them as rung. */
export async function takeDueEvaluations(pool: Pool, now: Date, most: number): Promise<DueAccount[]> {
  const { rows } = await pool.query<DueAccountRow>(TAKE_DUE_EVALUATIONS, [now, most]);
  return rows.map(dueAccount);
}

/* A ring that never reached Temporal is no repetition: it is due again at once, whatever the backoff said. */
export const RETURN_RINGS = `
  update account_balances b set
    rings_repeated = greatest(b.rings_repeated - 1, 0), ring_again_at = null
  from (
    select account_id from account_balances
    where account_id = any ($1::uuid[]) and rung_at is not null
    order by account_id for update
  ) undelivered
  where b.account_id = undelivered.account_id`;

/** Gives back rings that could not be delivered, so that they go out as soon as Temporal answers. */
export async function returnRings(pool: Pool, accountIds: readonly string[]): Promise<void> {
  await pool.query(RETURN_RINGS, [accountIds]);
}

export const COUNT_UNANSWERED_RINGS = `
  select count(*)::int4 as rings, coalesce(extract(epoch from $1::timestamptz - min(rung_at)), 0)::float8 as oldest_seconds
  from account_balances where rung_at <= $1::timestamptz - interval '3 seconds'`;

/** How many rings are unanswered for more than 3 s, and for how many seconds the oldest of them is. */
export async function countUnansweredRings(
  pool: Pool,
  now: Date,
): Promise<{ readonly rings: number; readonly oldestSeconds: number }> {
  const { rows } = await pool.query<{ rings: number; oldest_seconds: number }>(COUNT_UNANSWERED_RINGS, [now]);
  const [row] = rows;
  return { rings: row?.rings ?? 0, oldestSeconds: row?.oldest_seconds ?? 0 };
}

/* One worker of a deployment sweeps; the lock lasts as long as its connection. */
export const TRY_SWEEPING = `select pg_try_advisory_lock(hashtextextended('coffer sweeper', 0)) as mine`;

/* A worker that hangs would keep the lock, and nobody would sweep: Postgres ends its session when it is silent for
   longer than a sweep takes. Should one take longer yet, two sweep at once, which skip each other's rows. */
export const STILL_SWEEPING = `select set_config('idle_session_timeout', '60s', false)`;

function dueAccount(row: DueAccountRow): DueAccount {
  return { accountId: row.account_id, pendingNanos: row.pending };
}
