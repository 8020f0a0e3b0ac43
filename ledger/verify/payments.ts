// Verify: payments that succeeded against the credit that was given for them, both ways.
import type { Pool } from '../database.ts';
import { type AccountRange, rangeValues } from './account-range.ts';
import type { Findings } from './report.ts';

const PAID_WITHOUT_CREDIT = `
  select t.id, t.account_id, t.payment_intent_id, t.amount::text, c.amount::text as credited, c.state
  from top_ups t left join ledger_commands c on c.key = 'purchase:' || t.payment_intent_id
  where t.account_id > $1::uuid and t.account_id <= $2::uuid and t.state = 'paid'
    and (c.id is null or c.state = 'refused' or c.type <> 'top-up' or c.account_id <> t.account_id or c.amount <> t.amount)
  order by t.id`;

const CREDIT_WITHOUT_PAYMENT = `
  select c.key, c.account_id, c.amount::text
  from ledger_commands c
  left join top_ups t on 'purchase:' || t.payment_intent_id = c.key and t.state = 'paid'
  left join quarantined_payments q
    on 'purchase:' || q.payment_intent_id = c.key and q.resolution = 'credited' and q.amount_cents * 10000000 = c.amount
  where c.account_id > $1::uuid and c.account_id <= $2::uuid and c.type = 'top-up'
    and t.id is null and q.payment_intent_id is null
  order by c.arrival`;

// an attempt that was paid, or a payment that Stripe told us of and that was dealt with, must have ended somewhere
const SUCCEEDED_AND_LOST = `
  select a.payment_intent_id, a.top_up_id
  from top_ups o join top_up_attempts a on a.top_up_id = o.id
  where o.account_id > $1::uuid and o.account_id <= $2::uuid
    and (a.outcome = 'paid' or exists (
      select 1 from webhook_events w
      where w.object_id = a.payment_intent_id and w.type = 'payment_intent.succeeded' and w.state = 'processed'))
    and not exists (select 1 from top_ups t where t.payment_intent_id = a.payment_intent_id and t.state = 'paid')
    and not exists (select 1 from quarantined_payments q where q.payment_intent_id = a.payment_intent_id)
  order by a.payment_intent_id`;

const COUNT_PAYMENTS = `
  select count(*) filter (where state = 'paid')::int4 as paid, count(*) filter (where mode = 'auto')::int4 as auto
  from top_ups where account_id > $1::uuid and account_id <= $2::uuid`;

const QUARANTINED = `
  select q.payment_intent_id, q.reason, q.resolution, coalesce(c.state <> 'refused', false) as credited
  from quarantined_payments q left join ledger_commands c on c.key = 'purchase:' || q.payment_intent_id
  where q.resolved_at is null or (q.resolution = 'credited') <> coalesce(c.state <> 'refused', false)
  order by q.found_at`;

/** Checks for some accounts that every succeeded payment is credited once or in quarantine, and no credit came from nowhere. */
export async function checkPayments(pool: Pool, range: AccountRange, findings: Findings): Promise<void> {
  const values = rangeValues(range);
  const counted = await pool.query<{ paid: number; auto: number }>(COUNT_PAYMENTS, values);
  findings.checked('payments', counted.rows[0]?.paid ?? 0);
  findings.checked('charges', counted.rows[0]?.auto ?? 0);
  const unpaid = await pool.query<{
    id: string;
    account_id: string;
    payment_intent_id: string;
    amount: string;
    credited: string | null;
    state: string | null;
  }>(PAID_WITHOUT_CREDIT, values);
  for (const { id, account_id, payment_intent_id, amount, credited, state } of unpaid.rows) {
    const credit = credited === null ? 'nothing' : `${credited} (${state})`;
    findings.offence(
      'payments',
      `account ${account_id} top-up ${id}: ${payment_intent_id} paid ${amount}, credited ${credit}`,
    );
  }
  const unfounded = await pool.query<{ key: string; account_id: string; amount: string }>(
    CREDIT_WITHOUT_PAYMENT,
    values,
  );
  for (const { key, account_id, amount } of unfounded.rows) {
    findings.offence(
      'payments',
      `account ${account_id}: ${key} credited ${amount}, but no such payment was made`,
    );
  }
  const lost = await pool.query<{ payment_intent_id: string; top_up_id: string }>(SUCCEEDED_AND_LOST, values);
  for (const { payment_intent_id, top_up_id } of lost.rows) {
    findings.offence(
      'payments',
      `top-up ${top_up_id}: ${payment_intent_id} succeeded and is neither credited nor in quarantine`,
    );
  }
}

/** Checks that payments set aside are credited as operators decided and not before, and tells which wait for them. */
export async function checkQuarantine(pool: Pool, findings: Findings): Promise<void> {
  const quarantined = await pool.query<{
    payment_intent_id: string;
    reason: string;
    resolution: string | null;
    credited: boolean;
  }>(QUARANTINED);
  for (const { payment_intent_id, reason, resolution, credited } of quarantined.rows) {
    if (resolution !== null) {
      const standing = credited ? 'credited' : 'not credited';
      findings.offence(
        'payments',
        `${payment_intent_id} was ${resolution} by an operator and is ${standing}`,
      );
    } else if (credited) findings.offence('payments', `${payment_intent_id} is in quarantine and credited`);
    else findings.note('payments', `${payment_intent_id} waits in quarantine: ${reason}`);
  }
}
