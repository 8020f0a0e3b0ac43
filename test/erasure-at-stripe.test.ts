// Erasure at Stripe: the Customer of somebody who was erased is deleted there, once nothing of theirs is under way.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { customerOf } from '../activities/payments/customers.ts';
import { SYSTEM } from '../ledger/acting.ts';
import { erasePerson } from '../ledger/erasure.ts';
import { erasedCustomers } from '../worker/erased-customers.ts';
import { startTestPayments, type TestPayments } from './support/payments.ts';
import { createPerson } from './support/people.ts';

const QUARTER_MS = 15 * 60_000;

let payments: TestPayments;

beforeAll(async () => {
  payments = await startTestPayments({ worker: false });
});

afterAll(() => payments.stop());

const run = (now = payments.clients.clock()) => erasedCustomers(payments.clients).run(now, 50);

/** What Stripe says of a Customer. */
async function atStripe(id: string): Promise<{ email?: string; deleted?: boolean }> {
  const response = await fetch(`${payments.sandbox.url}/v1/customers/${id}`, {
    headers: { authorization: 'Bearer sk_test_sandbox' },
  });
  return JSON.parse(await response.text());
}

test('the Customer of an erased person is deleted at Stripe, once, and nobody else’s', async () => {
  const { pool, clients } = payments;
  const [erased, other] = [await createPerson(pool, 'Erika'), await createPerson(pool, 'Otto')];
  const [erasedId, otherId] = [
    await customerOf(clients, erased.personId),
    await customerOf(clients, other.personId),
  ];
  expect((await atStripe(erasedId)).email).toBe(erased.email);
  await erasePerson(pool, SYSTEM, { personId: erased.personId }, clients.clock());
  expect(await run()).toBe(1);
  expect(await run(new Date(clients.clock().getTime() + QUARTER_MS))).toBe(0);
  expect(await atStripe(erasedId)).toMatchObject({ deleted: true });
  expect((await atStripe(otherId)).email).toBe(other.email);
});

test('while a payment of theirs is under way it is still looked up by its Customer', async () => {
  const { pool, clients } = payments;
  const { personId, accountId } = await createPerson(pool, 'Paula');
  const stripeId = await customerOf(clients, personId);
  const topUpId = uuidv7();
  await pool.query(
    `insert into top_ups (id, account_id, mode, payer_id, amount, currency, expires_at, created_at, next_check_at)
     values ($1, $2, 'manual', $3, 5000000000, 'usd', now(), now(), now())`,
    [topUpId, accountId, personId],
  );
  await erasePerson(pool, SYSTEM, { personId }, clients.clock());
  expect(await run()).toBe(0);
  await pool.query(`select close_top_up($1, 'expired', now())`, [topUpId]);
  expect(await run()).toBe(1);
  expect(await atStripe(stripeId)).toMatchObject({ deleted: true });
});

test('a Customer that Stripe does not know any more is done with', async () => {
  const { pool, clients } = payments;
  const { personId } = await createPerson(pool, 'Gone');
  const stripeId = await customerOf(clients, personId);
  await clients.stripe.deleteCustomer(stripeId);
  await erasePerson(pool, SYSTEM, { personId }, clients.clock());
  expect(await run()).toBe(1);
  const { rows } = await pool.query(
    'select deleted_at is not null as deleted from customers where stripe_id = $1',
    [stripeId],
  );
  expect(rows).toEqual([{ deleted: true }]);
});
