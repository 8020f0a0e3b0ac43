// The Stripe sandbox's webhooks: signed, in order, retried, and the ways they go wrong.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import Stripe from 'stripe';
import {
  type Endpoint,
  startEndpoint,
  startTestSandbox,
  type TestSandbox,
  until,
} from './support/sandbox.ts';

const SECRET = 'whsec_sandbox_test';
let sandbox: TestSandbox;
let endpoint: Endpoint;

beforeEach(async () => {
  endpoint = await startEndpoint();
  sandbox = await startTestSandbox({ webhookUrl: endpoint.url, webhookSecret: SECRET });
});
afterEach(async () => {
  await sandbox.close();
  await endpoint.close();
});

async function pay(amount = 1000): Promise<Stripe.PaymentIntent> {
  const { id: customer } = await sandbox.stripe.customers.create();
  return sandbox.stripe.paymentIntents.create(
    { amount, currency: 'usd', customer, payment_method: 'pm_card_visa', confirm: true },
    { idempotencyKey: `pay:${customer}` },
  );
}

const PAYMENT_EVENTS = [
  'customer.created',
  'payment_intent.created',
  'charge.succeeded',
  'payment_intent.succeeded',
];

function verified(index: number): Stripe.Event {
  const { payload, signature } = endpoint.received[index] ?? { payload: '', signature: '' };
  return Stripe.webhooks.constructEvent(payload, signature, SECRET);
}

test('events are complete, signed, and come in the order of what happened', async () => {
  const paid = await pay();
  await until(() => endpoint.received.length === 4, 'four events');
  expect(new Set(endpoint.types())).toEqual(new Set(PAYMENT_EVENTS));
  const index = endpoint.types().indexOf('payment_intent.succeeded');
  const event = verified(index);
  expect(event).toMatchObject({
    object: 'event',
    api_version: '2026-10-28.endive',
    livemode: false,
    request: { idempotency_key: `pay:${paid.customer}` },
    data: { object: { id: paid.id, status: 'succeeded', amount_received: 1000 } },
  });
  expect((await sandbox.stripe.events.retrieve(event.id)).data.object).toEqual(event.data.object);
});

test('an endpoint that refuses gets the event again until it takes it', async () => {
  endpoint.answerWith(500);
  await pay();
  await until(() => endpoint.received.length >= 4, 'the first tries');
  const open = await sandbox.stripe.events.list({ delivery_success: false });
  expect(open.data).toHaveLength(4);
  expect(open.data[0]?.pending_webhooks).toBe(1);
  endpoint.answerWith(200);
  await sandbox.control('advance', { seconds: 60 });
  await until(
    async () => (await sandbox.stripe.events.list({ delivery_success: false })).data.length === 0,
    'all to be delivered',
  );
  expect((await sandbox.stripe.events.list({ delivery_success: true, type: 'charge.*' })).data).toHaveLength(
    1,
  );
});

test('duplicate: the same event arrives twice', async () => {
  await sandbox.control('deliveries', { kind: 'duplicate', types: ['payment_intent.succeeded'] });
  await pay();
  await until(() => endpoint.received.length === 5, 'five deliveries');
  const twice = endpoint.received.filter(({ type }) => type === 'payment_intent.succeeded');
  expect(twice.map(({ id }) => id)).toEqual([twice[0]?.id, twice[0]?.id]);
});

test('shuffle: everything arrives, in an order of its own', async () => {
  await sandbox.control('deliveries', { kind: 'shuffle', delayMs: 1000 });
  for (let n = 0; n < 5; n += 1) await pay();
  await until(() => endpoint.received.length === 20, 'twenty events');
  const created = (await sandbox.stripe.events.list({ limit: 100 })).data.map(({ id }) => id).reverse();
  const arrived = endpoint.received.map(({ id }) => id);
  expect(new Set(arrived)).toEqual(new Set(created));
  expect(arrived).not.toEqual(created);
});

test('delay: the event comes late, on the sandbox clock', async () => {
  await sandbox.control('deliveries', { kind: 'delay', delayMs: 3_600_000, types: ['charge.succeeded'] });
  await pay();
  await until(() => endpoint.received.length === 3, 'the others');
  await sandbox.control('advance', { seconds: 3601 });
  await until(() => endpoint.types().includes('charge.succeeded'), 'the late one');
});

test('drop: the event never arrives, but is listed as undelivered', async () => {
  await sandbox.control('deliveries', { kind: 'drop', types: ['payment_intent.succeeded'] });
  await pay();
  await sandbox.control('advance', { seconds: 86_400 });
  await until(() => endpoint.received.length === 3, 'the others');
  const undelivered = await sandbox.stripe.events.list({ delivery_success: false });
  expect(undelivered.data.map(({ type }) => type)).toEqual(['payment_intent.succeeded']);
});

test('hold and release: nothing arrives until it is let go', async () => {
  await sandbox.control('deliveries', { kind: 'hold' });
  await pay();
  await sandbox.control('advance', { seconds: 600 });
  expect(endpoint.received).toHaveLength(0);
  expect(await sandbox.control('deliveries', { kind: 'release' })).toEqual({ released: 4 });
  await until(() => endpoint.received.length === 4, 'the held events');
  await pay();
  await until(() => endpoint.received.length === 8, 'events after the release');
});

test('send_before_response: the event is there before the call returns', async () => {
  await sandbox.control('deliveries', { kind: 'send_before_response', types: ['payment_intent.succeeded'] });
  await pay();
  expect(endpoint.types()).toContain('payment_intent.succeeded');
});

test.each(['bad_signature', 'stale_timestamp'])(
  '%s: refused by the receiver, then sent properly',
  async (kind) => {
    endpoint.answerWith(400);
    await sandbox.control('deliveries', { kind, types: ['customer.created'] });
    await sandbox.stripe.customers.create();
    await until(() => endpoint.received.length === 1, 'the wrong one');
    expect(() => verified(0)).toThrow(Stripe.errors.StripeSignatureVerificationError);
    endpoint.answerWith(200);
    await until(() => endpoint.received.length >= 2, 'the right one');
    expect(verified(1).type).toBe('customer.created');
  },
);

test('an endpoint made through the API gets only the types it asked for, signed with its own secret', async () => {
  const second = await startEndpoint();
  try {
    const made = await sandbox.stripe.webhookEndpoints.create({
      url: second.url,
      enabled_events: ['payment_intent.succeeded'],
    });
    await pay();
    await until(() => second.received.length === 1 && endpoint.received.length === 4, 'both endpoints');
    const [got] = second.received;
    const event = Stripe.webhooks.constructEvent(got?.payload ?? '', got?.signature ?? '', made.secret ?? '');
    expect(event.type).toBe('payment_intent.succeeded');
  } finally {
    await second.close();
  }
});

test('an endpoint that moves gets what waited for it', async () => {
  endpoint.answerWith(500);
  await pay();
  await until(() => endpoint.received.length >= 4, 'the first tries');
  const moved = await startEndpoint();
  try {
    sandbox.setWebhookUrl(moved.url);
    await sandbox.control('advance', { seconds: 60 });
    await until(() => new Set(moved.types()).size === 4, 'the events at the new place');
  } finally {
    await moved.close();
  }
});
