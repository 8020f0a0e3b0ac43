// The timeline of a top-up: what happened to it and when, each step with whether its payer alone may know.
import type { Pool } from '../database.ts';
import { type Nanos, nanosFromString } from '../money.ts';

export const timelineSteps = [
  'opened',
  'rule-evaluated',
  'charge-sent',
  'charge-declined',
  'confirmation-needed',
  'charge-called-off',
  'outcome-unknown',
  'never-arrived',
  'expired',
  'set-aside',
  'kept-out',
  'credited',
  'posted',
] as const;

export interface TimelineStep {
  readonly at: Date;
  readonly what: (typeof timelineSteps)[number];
  /** Of an evaluation: the balance it found below which threshold. */
  readonly found: { readonly balance: Nanos; readonly threshold: Nanos } | null;
  /** How a card fared, and that a payment was set aside, is its payer's to know. */
  readonly isPayersAlone: boolean;
}

const READ_TIMELINE = `
  with t as (select * from top_ups where id = $1::uuid),
  purchases as (
    select c.id, c.stored_at from ledger_commands c
    where c.state <> 'refused' and c.details ->> 'topUpId' = $1::text and c.key in (
      select 'purchase:' || t.payment_intent_id from t
      union all
      select 'purchase:' || q.payment_intent_id from quarantined_payments q where q.top_up_id = $1::uuid)
  )
  select s.at, s.what, s.payers_alone, s.balance, s.threshold from (
    select 1 as place, t.created_at as at, 'opened' as what, false as payers_alone,
        null::int8 as balance, null::int8 as threshold
      from t where t.mode = 'manual'
    union all
    select 1, t.created_at, 'rule-evaluated', false, e.balance, e.threshold
      from t left join auto_top_up_evaluations e on e.account_id = t.account_id and e.top_up_id = t.id
      where t.mode = 'auto'
    union all
    select 2, a.first_sent_at, 'charge-sent', a.attempt > 1, null, null from top_up_attempts a where a.top_up_id = $1::uuid
    union all
    select 3, a.ended_at, case a.outcome
        when 'authentication' then 'confirmation-needed' when 'state-wrong' then 'charge-called-off'
        when 'never-sent' then 'never-arrived' else 'charge-declined' end, true, null, null
      from top_up_attempts a
      where a.top_up_id = $1::uuid and a.ended_at is not null and a.outcome not in ('paid', 'quarantined')
    union all
    select 3, a.last_sent_at, 'outcome-unknown', true, null, null from t join top_up_attempts a on a.top_up_id = t.id
      where t.state = 'unknown' and a.ended_at is null
    union all
    select 3, t.expires_at, 'expired', false, null, null from t where t.state = 'not-completed' and t.reason = 'expired'
    union all
    select 4, q.found_at, 'set-aside', true, null, null from quarantined_payments q where q.top_up_id = $1::uuid
    union all
    select 5, q.resolved_at, 'kept-out', true, null, null from quarantined_payments q
      where q.top_up_id = $1::uuid and q.resolution = 'kept-out'
    union all
    select 6, p.stored_at, 'credited', false, null, null from purchases p
    union all
    select 7, e.posted_at, 'posted', false, null, null from purchases p join entries e on e.command_id = p.id
  ) s
  order by s.at, s.place`;

interface TimelineRow {
  at: Date;
  what: TimelineStep['what'];
  payers_alone: boolean;
  balance: string | null;
  threshold: string | null;
}

/** Everything that is known to have happened to a top-up, oldest first. */
export async function readTopUpTimeline(pool: Pool, topUpId: string): Promise<TimelineStep[]> {
  const { rows } = await pool.query<TimelineRow>(READ_TIMELINE, [topUpId]);
  return rows.map(({ at, what, payers_alone, balance, threshold }) => ({
    at,
    what,
    isPayersAlone: payers_alone,
    found:
      balance === null || threshold === null
        ? null
        : { balance: nanosFromString(balance), threshold: nanosFromString(threshold) },
  }));
}
