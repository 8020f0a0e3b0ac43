// Auto top-up for tests of the whole: a card saved at the sandbox, a rule on it, and what was charged and credited.
import { expect } from '@jest/globals';
import type { Pool } from 'pg';
import { STRIPE_KEY, type TestCoffer } from './coffer.ts';
import { until } from './soak.ts';

export const THRESHOLD_DOLLARS = 10;
export const AMOUNT_DOLLARS = 20;
const NANOS = 1_000_000_000n;

/** Saves a person's card at the sandbox and stores it with their consent, as the hosted page does; returns its id. */
export async function saveCard(
  { pool, sandboxUrl }: TestCoffer,
  person: { readonly personId: string; readonly email: string },
): Promise<string> {
  const customer = await stripe(sandboxUrl, 'customers', { email: person.email });
  const card = await stripe(sandboxUrl, 'payment_methods/pm_card_visa/attach', { customer: customer.id });
  const now = new Date();
  await pool.query(
    `insert into customers (person_id, email, stripe_id, created_at) values ($1, $2, $3, $4)`,
    [person.personId, person.email, customer.id, now],
  );
  await pool.query(
    `insert into payment_methods (id, person_id, customer_id, fingerprint, brand, last4, exp_month, exp_year,
       consented_at, consent_terms, created_at)
     values ($1, $2, $3, $4, 'visa', '4242', 12, 2040, $5, 'test', $5)`,
    [card.id, person.personId, customer.id, card.card?.fingerprint ?? '', now],
  );
  return card.id;
}

/** Refills the account by $20 whenever it is below $10. */
export async function setRule(
  pool: Pool,
  rule: { readonly accountId: string; readonly sponsorId: string; readonly paymentMethodId: string },
): Promise<void> {
  await pool.query('select set_auto_top_up($1, $2, $3, $4, $5, null, $6, true, $7)', [
    rule.accountId,
    rule.sponsorId,
    rule.paymentMethodId,
    BigInt(THRESHOLD_DOLLARS) * NANOS,
    BigInt(AMOUNT_DOLLARS) * NANOS,
    1_000n * NANOS,
    new Date(),
  ]);
}

/** Posts what waits, as the account's actor does: from then on crossing the threshold rings. */
export async function postAsActor(pool: Pool, accountId: string): Promise<void> {
  await pool.query(
    'select p.* from open_account($1) o, lateral post_pending($1, o.epoch, o.seq, 100, $2) p',
    [accountId, new Date()],
  );
}

export interface Charge {
  readonly paymentIntent: string;
  readonly topUpId: string;
  readonly accountId: string;
}

/** Every succeeded charge at the sandbox. */
export async function succeededCharges(sandboxUrl: string): Promise<Charge[]> {
  const response = await fetch(`${sandboxUrl}/_sandbox/charges?status=succeeded`);
  const { items }: { items: { paymentIntent: string; metadata: Record<string, string> }[] } = JSON.parse(
    await response.text(),
  );
  return items.map(({ paymentIntent, metadata }) => ({
    paymentIntent,
    topUpId: metadata['topUpId'] ?? '',
    accountId: metadata['accountId'] ?? '',
  }));
}

/** Waits until every top-up is paid, or is left to a look-up, and everything is posted. */
export async function untilCalm(coffer: TestCoffer, leftUnknown = false, withinMs = 90_000): Promise<void> {
  const states = leftUnknown ? ['open', 'processing'] : ['open', 'processing', 'unknown'];
  let left: unknown[] = [];
  const isCalm = async (): Promise<boolean> => {
    const { rows } = await coffer.pool.query(
      `select t.id, t.state, t.reason, a.first_sent_at, a.last_sent_at, a.outcome, t.next_check_at
         from top_ups t left join top_up_attempts a on a.top_up_id = t.id where t.state = any ($1::text[])
       union all
       select r.account_id, r.decision, r.reason, null, null, null, b.rung_at
         from auto_top_up_rules r join account_balances b using (account_id)
         where b.posted + b.pending < r.threshold
           and not exists (select 1 from top_ups t where t.account_id = b.account_id and t.state = 'unknown')`,
      [states],
    );
    left = rows;
    return rows.length === 0;
  };
  await until('every top-up to end', isCalm, withinMs).catch((cause: unknown) => {
    throw new Error(`these top-ups do not come to an end: ${JSON.stringify(left, null, 1)}`, { cause });
  });
  await coffer.posted();
}

/** Expects that every episode was charged at most once, and every charge credited exactly once; returns the charges. */
export async function expectChargedOnce({ pool, sandboxUrl }: TestCoffer): Promise<Charge[]> {
  const charges = await succeededCharges(sandboxUrl);
  const topUpsCharged = charges.map(({ topUpId }) => topUpId);
  expect(topUpsCharged).toHaveLength(new Set(topUpsCharged).size);
  const { rows: episodes } = await pool.query(
    `select account_id, trigger_seq from top_ups where id = any ($1::uuid[])
     group by account_id, trigger_seq having count(*) > 1`,
    [topUpsCharged],
  );
  expect(episodes).toEqual([]);
  const { rows: credits } = await pool.query<{ key: string }>(
    `select c.key from entries e join ledger_commands c on c.id = e.command_id where e.type = 'top-up' order by c.key`,
  );
  expect(credits.map(({ key }) => key)).toEqual(
    charges.map(({ paymentIntent }) => `purchase:${paymentIntent}`).sort(),
  );
  return charges;
}

interface StripeObject {
  readonly id: string;
  readonly card?: { readonly fingerprint: string };
}

async function stripe(url: string, path: string, form: Record<string, string>): Promise<StripeObject> {
  const response = await fetch(`${url}/v1/${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${STRIPE_KEY}` },
    body: new URLSearchParams(form),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  const object: StripeObject = JSON.parse(text);
  return object;
}
