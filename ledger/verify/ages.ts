// Verify: whatever waits for somebody (a posting, a ring, a payment, a price) has not waited longer than it may.
import type { Pool } from '../database.ts';
import type { Findings } from './report.ts';

/** How long each may wait before verify calls it stuck, in milliseconds. */
export interface AgeLimits {
  readonly pendingMs: number;
  readonly ringMs: number;
  readonly topUpMs: number;
  readonly evaluationMs: number;
  readonly webhookEventMs: number;
  readonly unpricedMs: number;
}

const MINUTE_MS = 60_000;

/** Well beyond the sweeper's longest backoff (5 minutes), so that a restart or an outage of minutes is no fault. */
export const DEFAULT_AGE_LIMITS: AgeLimits = {
  pendingMs: 15 * MINUTE_MS,
  ringMs: 15 * MINUTE_MS,
  topUpMs: 15 * MINUTE_MS,
  evaluationMs: 15 * MINUTE_MS,
  webhookEventMs: 15 * MINUTE_MS,
  unpricedMs: 60 * MINUTE_MS,
};

const WAITING_TOO_LONG = `
  select * from (
    select 'account ' || account_id as who, 'has had something pending' as what, pending_since as since
      from account_balances where pending_since < $1::timestamptz
    union all
    select 'account ' || account_id, 'has had an unanswered ring', rung_at
      from account_balances where rung_at < $2::timestamptz
    union all
    select 'account ' || account_id || ' command ' || key, 'has been waiting', stored_at
      from ledger_commands where state = 'waiting' and stored_at < $1::timestamptz
    union all
    select 'account ' || account_id || ' top-up ' || id, 'is ' || state || ' and nobody has looked at it', next_check_at
      from top_ups where next_check_at < $3::timestamptz
    union all
    select 'account ' || account_id, 'has not had its auto top-up evaluated', next_evaluation_at
      from auto_top_up_rules where next_evaluation_at < $4::timestamptz
    union all
    select 'webhook event ' || id, 'has not been processed', received_at
      from webhook_events where state = 'waiting' and received_at < $5::timestamptz
    union all
    select 'account ' || account_id || ' usage event ' || id, 'has had no price for ' || model, received_at
      from unpriced_usage where priced_at is null and received_at < $6::timestamptz
  ) w order by since`;

const WAITING = `
  select (select count(*) from account_balances where pending_since is not null)
    + (select count(*) from ledger_commands where state = 'waiting')
    + (select count(*) from top_ups where next_check_at is not null)
    + (select count(*) from auto_top_up_rules where next_evaluation_at is not null)
    + (select count(*) from webhook_events where state = 'waiting')
    + (select count(*) from unpriced_usage where priced_at is null) as things`;

const UNPRICED = `
  select model, count(*)::text as events from unpriced_usage where priced_at is null group by model order by model`;

/** Checks that nothing is stuck at `now`. */
export async function checkAges(pool: Pool, now: Date, limits: AgeLimits, findings: Findings): Promise<void> {
  const waiting = await pool.query<{ things: string }>(WAITING);
  findings.checked('ages', Number(waiting.rows[0]?.things ?? 0));
  const before = (limitMs: number) => new Date(now.getTime() - limitMs);
  const { rows } = await pool.query<{ who: string; what: string; since: Date }>(WAITING_TOO_LONG, [
    before(limits.pendingMs),
    before(limits.ringMs),
    before(limits.topUpMs),
    before(limits.evaluationMs),
    before(limits.webhookEventMs),
    before(limits.unpricedMs),
  ]);
  for (const { who, what, since } of rows)
    findings.offence('ages', `${who} ${what} since ${since.toISOString()}`);
  const unpriced = await pool.query<{ model: string; events: string }>(UNPRICED);
  for (const { model, events } of unpriced.rows) {
    findings.note('ages', `usage events that wait for a price of ${model}: ${events}`);
  }
}
