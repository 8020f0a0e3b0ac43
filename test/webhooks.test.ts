// Stripe's webhook: only what Stripe signed lately is taken, once; what is not ours is recorded as ignored.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import Stripe from 'stripe';
import { followBack, startTestPayments, type TestPayments } from './support/payments.ts';
import { until } from './support/sandbox.ts';

let payments: TestPayments;

beforeAll(async () => {
  payments = await startTestPayments();
});
afterAll(() => payments?.stop());

let count = 0;

function eventOf(type: string, object: object, more: object = {}): string {
  count += 1;
  return JSON.stringify({
    id: `evt_test_${count}`,
    object: 'event',
    type,
    livemode: false,
    data: { object },
    ...more,
  });
}

function send(payload: string, signing: { secret?: string; timestamp?: number; header?: string } = {}) {
  const { secret = payments.sandbox.webhookSecret, timestamp, header } = signing;
  const signature =
    header ??
    Stripe.webhooks.generateTestHeaderString({
      payload,
      secret,
      ...(timestamp !== undefined && { timestamp }),
    });
  return payments.api.call('POST', '/webhooks/stripe', {
    body: payload,
    headers: { 'stripe-signature': signature, 'content-type': 'application/json' },
  });
}

async function stored(payload: string) {
  const { id }: { id: string } = JSON.parse(payload);
  const { rows } = await payments.pool.query<{ state: string; reason: string | null }>(
    'select state, reason from webhook_events where id = $1',
    [id],
  );
  return rows;
}

const settled = (payload: string) =>
  until(async () => (await stored(payload))[0]?.state !== 'waiting', 'the event to be followed');

test('a bad, missing or stale signature is 400 and stores nothing', async () => {
  const payload = eventOf('payment_intent.succeeded', { id: 'pi_1', object: 'payment_intent' });
  const stale = Math.floor(Date.now() / 1000) - 600;
  for (const signing of [
    { secret: 'whsec_other' },
    { header: '' },
    { header: 't=1,v1=00' },
    { timestamp: stale },
  ]) {
    const response = await send(payload, signing);
    expect(response.status).toBe(400);
    expect(JSON.parse(await response.text()).code).toBe('webhook-signature-invalid');
  }
  expect(
    (
      await send(payload.replace('pi_1', 'pi_2'), {
        header: Stripe.webhooks.generateTestHeaderString({ payload, secret: payments.sandbox.webhookSecret }),
      })
    ).status,
  ).toBe(400);
  expect(await stored(payload)).toEqual([]);
});

test('each of several secrets is good while one replaces the other', async () => {
  const payload = eventOf('plan.created', { id: 'plan_1', object: 'plan' });
  expect((await send(payload, { secret: 'whsec_rotated' })).status).toBe(200);
  expect(await stored(payload)).toEqual([{ state: 'ignored', reason: 'type-not-followed' }]);
});

test('an event about an unknown object is 200 and recorded as ignored', async () => {
  const payload = eventOf('payment_intent.succeeded', {
    id: 'pi_unknown',
    object: 'payment_intent',
    metadata: {},
  });
  expect((await send(payload)).status).toBe(200);
  await settled(payload);
  expect(await stored(payload)).toEqual([{ state: 'ignored', reason: 'unknown-object' }]);
});

test("another deployment's payment, and one of the wrong mode, are 200 and ignored", async () => {
  const object = { id: 'pi_3', object: 'payment_intent' };
  const foreign = eventOf('payment_intent.succeeded', { ...object, metadata: { deployment: 'elsewhere' } });
  const live = eventOf('payment_intent.succeeded', object, { livemode: true });
  expect([(await send(foreign)).status, (await send(live)).status]).toEqual([200, 200]);
  expect([await stored(foreign), await stored(live)]).toEqual([
    [{ state: 'ignored', reason: 'other-deployment' }],
    [{ state: 'ignored', reason: 'livemode' }],
  ]);
});

test('a payment that somebody else made with the same Stripe account is not credited', async () => {
  const customer = await payments.sandbox.stripe.customers.create({ email: 'shop@example.com' });
  await payments.sandbox.stripe.paymentIntents.create({
    amount: 2500,
    currency: 'usd',
    customer: customer.id,
    payment_method: (
      await payments.sandbox.stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id })
    ).id,
    confirm: true,
    off_session: true,
    allowed_payment_method_types: ['card'],
  });
  await payments.calm();
  const { rows } = await payments.pool.query(
    'select 1 from ledger_commands union all select 1 from quarantined_payments',
  );
  expect(rows).toEqual([]);
});

test('an event that comes twice is stored once', async () => {
  const payload = eventOf('plan.created', { id: 'plan_2', object: 'plan' });
  const answers = await Promise.all(Array.from({ length: 8 }, () => send(payload)));
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200));
  expect(await stored(payload)).toHaveLength(1);
});

test('a second payment of one top-up is quarantined, not credited', async () => {
  const team = await payments.team();
  const { body } = await payments.api.json('POST', `/v1/accounts/${team.accountId}/top-ups`, {
    token: team.tokens.member,
    body: { amount: '25.00' },
  });
  await followBack(payments.api, await payments.pay(body.checkoutUrl));
  const { rows } = await payments.pool.query<{ customer_id: string }>(
    'select customer_id from top_ups where id = $1',
    [body.id],
  );
  const customer = rows[0]?.customer_id ?? '';
  const method = await payments.sandbox.stripe.paymentMethods.attach('pm_card_visa', { customer });
  await payments.sandbox.stripe.paymentIntents.create({
    amount: 2500,
    currency: 'usd',
    customer,
    payment_method: method.id,
    confirm: true,
    off_session: true,
    allowed_payment_method_types: ['card'],
    metadata: { topUpId: body.id, deployment: 'default' },
  });
  await until(async () => {
    const found = await payments.pool.query('select reason from quarantined_payments where top_up_id = $1', [
      body.id,
    ]);
    return found.rows[0]?.reason === 'second-payment';
  }, 'the quarantine');
  expect(await payments.purchases(team.accountId)).toHaveLength(1);
});
