// Verify: auto top-up never has two charges in flight, never charges an episode twice, never exceeds a month's cap.
import type { Pool } from '../database.ts';
import { type AccountRange, rangeValues } from './account-range.ts';
import type { Findings } from './report.ts';

const SEVERAL_IN_FLIGHT = `
  select account_id, count(*)::text as top_ups, min(id::text) as first_id
  from top_ups where account_id > $1::uuid and account_id <= $2::uuid and mode = 'auto' and state in ('open', 'processing', 'unknown')
  group by account_id having count(*) > 1 order by account_id`;

const EPISODES_CHARGED_TWICE = `
  select account_id, trigger_seq::text, string_agg(id::text, ', ' order by id) as ids
  from top_ups where account_id > $1::uuid and account_id <= $2::uuid and mode = 'auto' and state = 'paid'
  group by account_id, trigger_seq having count(*) > 1 order by account_id, trigger_seq`;

const ATTEMPTS_CHARGED_TWICE = `
  select a.top_up_id, count(*) filter (where a.outcome = 'paid')::text as paid, count(*) filter (where a.ended_at is null)::text as unended
  from top_ups t join top_up_attempts a on a.top_up_id = t.id
  where t.account_id > $1::uuid and t.account_id <= $2::uuid
  group by a.top_up_id having count(*) filter (where a.outcome = 'paid') > 1 or count(*) filter (where a.ended_at is null) > 1
  order by a.top_up_id`;

// a cap may be lowered below what the month has already cost: only a charge made under the cap as it is offends it
const MONTHS_ABOVE_CAP = `
  select t.account_id, to_char(date_trunc('month', t.created_at at time zone 'UTC'), 'YYYY-MM') as month,
    sum(t.amount)::text as charged, r.monthly_cap::text
  from top_ups t join auto_top_up_rules r on r.account_id = t.account_id
  where t.account_id > $1::uuid and t.account_id <= $2::uuid and t.mode = 'auto' and t.state <> 'not-completed'
  group by t.account_id, 2, r.monthly_cap, r.updated_at
  having sum(t.amount) > r.monthly_cap and max(t.created_at) >= r.updated_at
  order by t.account_id, 2`;

/** Checks the charges of some accounts' auto top-ups. */
export async function checkCharges(pool: Pool, range: AccountRange, findings: Findings): Promise<void> {
  const values = rangeValues(range);
  const flying = await pool.query<{ account_id: string; top_ups: string; first_id: string }>(
    SEVERAL_IN_FLIGHT,
    values,
  );
  for (const { account_id, top_ups, first_id } of flying.rows) {
    findings.offence(
      'charges',
      `account ${account_id}: ${top_ups} auto top-ups are in flight, among them ${first_id}`,
    );
  }
  const episodes = await pool.query<{ account_id: string; trigger_seq: string; ids: string }>(
    EPISODES_CHARGED_TWICE,
    values,
  );
  for (const { account_id, trigger_seq, ids } of episodes.rows) {
    findings.offence(
      'charges',
      `account ${account_id}: the episode of seq ${trigger_seq} was paid by ${ids}`,
    );
  }
  const attempts = await pool.query<{ top_up_id: string; paid: string; unended: string }>(
    ATTEMPTS_CHARGED_TWICE,
    values,
  );
  for (const { top_up_id, paid, unended } of attempts.rows) {
    findings.offence(
      'charges',
      `top-up ${top_up_id}: ${paid} attempts were paid and ${unended} are under way`,
    );
  }
  const months = await pool.query<{
    account_id: string;
    month: string;
    charged: string;
    monthly_cap: string;
  }>(MONTHS_ABOVE_CAP, values);
  for (const { account_id, month, charged, monthly_cap } of months.rows) {
    findings.offence(
      'charges',
      `account ${account_id}: ${charged} charged in ${month}, the cap is ${monthly_cap}`,
    );
  }
}
