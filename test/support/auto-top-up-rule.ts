// Accounts that refill themselves, for tests and the benchmark: a card saved at the sandbox, and a rule on it.
import type { Pool } from 'pg';

export const THRESHOLD_DOLLARS = 10;
export const AMOUNT_DOLLARS = 20;
const NANOS = 1_000_000_000n;

/** Saves a person's card at the sandbox and stores it with their consent, as the hosted page does; returns its id. */
export async function saveCard(
  { pool, sandboxUrl }: { readonly pool: Pool; readonly sandboxUrl: string },
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

interface StripeObject {
  readonly id: string;
  readonly card?: { readonly fingerprint: string };
}

const STRIPE_KEY = 'sk_test_sandbox';

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
