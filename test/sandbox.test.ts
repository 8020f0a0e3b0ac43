// The Stripe sandbox through the official client: lists, bounds, idempotency and what it refuses.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type Stripe from 'stripe';
import { refusalOf, startTestSandbox, stripeClient, type TestSandbox } from './support/sandbox.ts';
import { charge, customerWith } from './support/sandbox-calls.ts';

let sandbox: TestSandbox;
let stripe: Stripe;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  stripe = sandbox.stripe;
});
afterAll(() => sandbox.close());

test('lists are newest first and page both ways; created and customer filter', async () => {
  const { customer, method } = await customerWith(stripe, 'pm_card_visa');
  const made: string[] = [];
  for (let n = 0; n < 5; n += 1) made.unshift((await charge(stripe, customer, method)).id);
  const first = await stripe.paymentIntents.list({ customer, limit: 2 });
  expect([first.data.map(({ id }) => id), first.has_more]).toEqual([made.slice(0, 2), true]);
  const second = await stripe.paymentIntents.list({ customer, limit: 3, starting_after: made[1] ?? '' });
  expect([second.data.map(({ id }) => id), second.has_more]).toEqual([made.slice(2), false]);
  const before = await stripe.paymentIntents.list({ customer, limit: 2, ending_before: made[4] ?? '' });
  expect([before.data.map(({ id }) => id), before.has_more]).toEqual([made.slice(2, 4), true]);
  const walked: string[] = [];
  for await (const intent of stripe.paymentIntents.list({ customer, limit: 2 })) walked.push(intent.id);
  expect(walked).toEqual(made);
  const since = first.data[0]?.created ?? 0;
  expect((await stripe.paymentIntents.list({ customer, created: { gte: since - 60 } })).data).toHaveLength(5);
  expect((await stripe.paymentIntents.list({ customer, created: { gt: since + 60 } })).data).toHaveLength(0);
});

test('amounts and currencies outside the bounds are refused', async () => {
  const { customer, method } = await customerWith(stripe, 'pm_card_visa');
  expect((await refusalOf(charge(stripe, customer, method, { amount: 49 }))).code).toBe('amount_too_small');
  expect((await refusalOf(charge(stripe, customer, method, { amount: 100_000_000 }))).code).toBe(
    'amount_too_large',
  );
  expect((await refusalOf(charge(stripe, customer, method, { currency: 'xyz' }))).param).toBe('currency');
});

test.each([
  [
    'an unknown parameter',
    'POST',
    'payment_intents',
    'amount=500&currency=usd&surprise=1',
    400,
    'parameter_unknown',
  ],
  ['a missing one', 'POST', 'payment_intents', 'currency=usd', 400, 'parameter_missing'],
  ['a wrong one', 'POST', 'payment_intents', 'amount=5.5&currency=usd', 400, 'parameter_invalid_integer'],
  [
    'a nested unknown one',
    'POST',
    'checkout/sessions',
    'mode=setup&currency=usd&success_url=http://x/&setup_intent_data[x]=1',
    400,
    'parameter_unknown',
  ],
  [
    'payment_method_types with a version',
    'POST',
    'payment_intents',
    'amount=500&currency=usd&payment_method_types[]=card',
    400,
    'payment_method_types_no_longer_supported',
  ],
  ['an unknown object', 'GET', 'payment_intents/pi_nothing', '', 404, 'resource_missing'],
  ['an unknown route', 'GET', 'nothing', '', 404, undefined],
])('%s is answered with an error envelope', async (_, method, path, body, status, code) => {
  const reply = await fetch(`${sandbox.url}/v1/${path}`, {
    method,
    ...(method === 'POST' && { body: new URLSearchParams(body) }),
    headers: { authorization: 'Bearer sk_test_1', 'stripe-version': '2026-10-28.endive' },
  });
  expect(reply.status).toBe(status);
  expect(reply.headers.get('request-id')).toMatch(/^req_/);
  const envelope: { error: { code?: string; type: string } } = JSON.parse(await reply.text());
  expect([envelope.error.type, envelope.error.code]).toEqual(['invalid_request_error', code]);
});

test('without Stripe-Version payment_method_types passes, as the CLI sends it', async () => {
  const reply = await fetch(`${sandbox.url}/v1/payment_intents`, {
    method: 'POST',
    body: new URLSearchParams('amount=500&currency=usd&payment_method_types[]=card'),
    headers: { authorization: 'Bearer sk_test_1' },
  });
  expect(reply.status).toBe(200);
});

test.each([undefined, 'Bearer sk_live_123', 'Bearer pk_test_123', 'Bearer '])(
  'the key %s is refused with 401',
  async (key) => {
    const reply = await fetch(
      `${sandbox.url}/v1/customers`,
      key === undefined ? {} : { headers: { authorization: key } },
    );
    expect(reply.status).toBe(401);
  },
);

test('a customer is created, changed, listed and deleted', async () => {
  const created = await stripe.customers.create({
    email: 'x@example.com',
    name: 'X',
    metadata: { a: '1', b: '2' },
  });
  const changed = await stripe.customers.update(created.id, { name: 'Y', metadata: { a: '', c: '3' } });
  expect(changed).toMatchObject({ name: 'Y', email: 'x@example.com', metadata: { b: '2', c: '3' } });
  expect((await stripe.customers.list({ email: 'x@example.com' })).data.map(({ id }) => id)).toEqual([
    created.id,
  ]);
  await stripe.customers.del(created.id);
  expect(await stripe.customers.retrieve(created.id)).toMatchObject({ id: created.id, deleted: true });
});

test('a customer pays many charges at once through several clients, each once', async () => {
  const { customer, method } = await customerWith(stripe, 'pm_card_visa');
  const clients = [stripeClient(sandbox.port), stripeClient(sandbox.port)];
  const params = {
    amount: 700,
    currency: 'usd',
    customer,
    payment_method: method,
    confirm: true,
    off_session: true,
  };
  await Promise.all(
    Array.from({ length: 100 }, (_, n) =>
      clients[n % 2]?.paymentIntents.create(params, { idempotencyKey: `many:${customer}:${n % 50}` }),
    ),
  );
  expect(await sandbox.charges({ customer })).toHaveLength(50);
});
