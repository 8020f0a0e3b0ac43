// Verify: auto top-up never has two charges in flight, never charges an episode twice, never exceeds a month's cap.
import type { Pool } from '../database.ts';
import type { Findings } from './report.ts';

const SEVERAL_IN_FLIGHT = `
  select account_id, count(*)::text as top_ups, min(id::text) as first_id
  from top_ups where mode = 'auto' and state in ('open', 'processing', 'unknown')
  group by account_id having count(*) > 1 order by account_id`;

const EPISODES_CHARGED_TWICE = `
  select account_id, trigger_seq::text, string_agg(id::text, ', ' order by id) as ids
  from top_ups where mode = 'auto' and state = 'paid'
  group by account_id, trigger_seq having count(*) > 1 order by account_id, trigger_seq`;

const ATTEMPTS_CHARGED_TWICE = `
  select top_up_id, count(*) filter (where outcome = 'paid')::text as paid, count(*) filter (where ended_at is null)::text as unended
  from top_up_attempts
  group by top_up_id having count(*) filter (where outcome = 'paid') > 1 or count(*) filter (where ended_at is null) > 1
  order by top_up_id`;

// a cap may be lowered below what the month has already cost: only a charge made under the cap as it is offends it
const MONTHS_ABOVE_CAP = `
  select t.account_id, to_char(date_trunc('month', t.created_at at time zone 'UTC'), 'YYYY-MM') as month,
    sum(t.amount)::text as charged, r.monthly_cap::text
  from top_ups t join auto_top_up_rules r on r.account_id = t.account_id
  where t.mode = 'auto' and t.state <> 'not-completed'
  group by t.account_id, 2, r.monthly_cap, r.updated_at
  having sum(t.amount) > r.monthly_cap and max(t.created_at) >= r.updated_at
  order by t.account_id, 2`;

/** Checks the charges of all auto top-ups. */
export async function checkCharges(pool: Pool, findings: Findings): Promise<void> {
  const flying = await pool.query<{ account_id: string; top_ups: string; first_id: string }>(
    SEVERAL_IN_FLIGHT,
  );
  for (const { account_id, top_ups, first_id } of flying.rows) {
    findings.offence(
      'charges',
      `account ${account_id}: ${top_ups} auto top-ups are in flight, among them ${first_id}`,
    );
  }
  const episodes = await pool.query<{ account_id: string; trigger_seq: string; ids: string }>(
    EPISODES_CHARGED_TWICE,
  );
  for (const { account_id, trigger_seq, ids } of episodes.rows) {
    findings.offence(
      'charges',
      `account ${account_id}: the episode of seq ${trigger_seq} was paid by ${ids}`,
    );
  }
  const attempts = await pool.query<{ top_up_id: string; paid: string; unended: string }>(
    ATTEMPTS_CHARGED_TWICE,
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
  }>(MONTHS_ABOVE_CAP);
  for (const { account_id, month, charged, monthly_cap } of months.rows) {
    findings.offence(
      'charges',
      `account ${account_id}: ${charged} charged in ${month}, the cap is ${monthly_cap}`,
    );
  }
}
