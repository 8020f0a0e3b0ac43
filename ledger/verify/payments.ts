// Verify: payments that succeeded against the credit that was given for them, both ways.
import type { Pool } from '../database.ts';
import type { Findings } from './report.ts';

const PAID_WITHOUT_CREDIT = `
  select t.id, t.account_id, t.payment_intent_id, t.amount::text, c.amount::text as credited, c.state
  from top_ups t left join ledger_commands c on c.key = 'purchase:' || t.payment_intent_id
  where t.state = 'paid'
    and (c.id is null or c.state = 'refused' or c.type <> 'top-up' or c.account_id <> t.account_id or c.amount <> t.amount)
  order by t.id`;

const CREDIT_WITHOUT_PAYMENT = `
  select c.key, c.account_id, c.amount::text
  from ledger_commands c
  left join top_ups t on 'purchase:' || t.payment_intent_id = c.key and t.state = 'paid'
  where c.type = 'top-up' and t.id is null
  order by c.arrival`;

// an attempt that was paid, or a payment that Stripe told us of and that was dealt with, must have ended somewhere
const SUCCEEDED_AND_LOST = `
  select distinct s.payment_intent_id, a.top_up_id
  from (
    select payment_intent_id from top_up_attempts where outcome = 'paid'
    union
    select object_id from webhook_events where type = 'payment_intent.succeeded' and state = 'processed'
  ) s
  join top_up_attempts a on a.payment_intent_id = s.payment_intent_id
  where not exists (select 1 from top_ups t where t.payment_intent_id = s.payment_intent_id and t.state = 'paid')
    and not exists (select 1 from quarantined_payments q where q.payment_intent_id = s.payment_intent_id)
  order by s.payment_intent_id`;

const QUARANTINED = `
  select q.payment_intent_id, q.reason, q.resolved_at is null as open, c.id is not null as credited
  from quarantined_payments q left join ledger_commands c on c.key = 'purchase:' || q.payment_intent_id
  where q.resolved_at is null
  order by q.found_at`;

/** Checks that every succeeded payment is credited once or stands in quarantine, and that no credit came from nowhere. */
export async function checkPayments(pool: Pool, findings: Findings): Promise<void> {
  const unpaid = await pool.query<{
    id: string;
    account_id: string;
    payment_intent_id: string;
    amount: string;
    credited: string | null;
    state: string | null;
  }>(PAID_WITHOUT_CREDIT);
  for (const { id, account_id, payment_intent_id, amount, credited, state } of unpaid.rows) {
    const credit = credited === null ? 'nothing' : `${credited} (${state})`;
    findings.offence(
      'payments',
      `account ${account_id} top-up ${id}: ${payment_intent_id} paid ${amount}, credited ${credit}`,
    );
  }
  const unfounded = await pool.query<{ key: string; account_id: string; amount: string }>(
    CREDIT_WITHOUT_PAYMENT,
  );
  for (const { key, account_id, amount } of unfounded.rows) {
    findings.offence(
      'payments',
      `account ${account_id}: ${key} credited ${amount}, but no such payment was made`,
    );
  }
  const lost = await pool.query<{ payment_intent_id: string; top_up_id: string }>(SUCCEEDED_AND_LOST);
  for (const { payment_intent_id, top_up_id } of lost.rows) {
    findings.offence(
      'payments',
      `top-up ${top_up_id}: ${payment_intent_id} succeeded and is neither credited nor in quarantine`,
    );
  }
  const quarantined = await pool.query<{ payment_intent_id: string; reason: string; credited: boolean }>(
    QUARANTINED,
  );
  for (const { payment_intent_id, reason, credited } of quarantined.rows) {
    if (credited) findings.offence('payments', `${payment_intent_id} is in quarantine and credited`);
    else findings.note('payments', `${payment_intent_id} waits in quarantine: ${reason}`);
  }
}
