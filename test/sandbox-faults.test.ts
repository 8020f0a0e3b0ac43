// The Stripe sandbox when things go wrong: idempotency keys, request faults, and kill -9.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type Stripe from 'stripe';
import {
  controlOf,
  refusalOf,
  startEndpoint,
  startTestSandbox,
  stripeClient,
  submitPage,
  type TestSandbox,
  until,
} from './support/sandbox.ts';

let sandbox: TestSandbox;
let customer: string;
let method: string;
let keys = 0;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  customer = (await sandbox.stripe.customers.create()).id;
  method = (await sandbox.stripe.paymentMethods.attach('pm_card_visa', { customer })).id;
});
afterEach(() => fetch(`${sandbox.url}/_sandbox/faults`, { method: 'DELETE' }));
afterAll(() => sandbox.close());

const CREATE = { method: 'POST', path: '/^\\/v1\\/payment_intents$/' };

function freshKey(): string {
  keys += 1;
  return `top-up:${keys}:1`;
}

function charge(key: string, more: Partial<Stripe.PaymentIntentCreateParams> = {}) {
  return sandbox.stripe.paymentIntents.create(
    {
      amount: 1000,
      currency: 'usd',
      customer,
      payment_method: method,
      off_session: true,
      confirm: true,
      metadata: { topUpId: key },
      ...more,
    },
    { idempotencyKey: key },
  );
}

const chargesOf = async (key: string) => (await sandbox.charges({ topUpId: key })).length;

test('the same key and parameters replay the first reply and charge once', async () => {
  const key = freshKey();
  const first = await charge(key);
  const again = await charge(key);
  expect(again.id).toBe(first.id);
  expect(first.lastResponse.headers['idempotent-replayed']).toBeUndefined();
  expect(again.lastResponse.headers['idempotent-replayed']).toBe('true');
  expect(again.lastResponse.headers['idempotency-key']).toBe(key);
  expect(await chargesOf(key)).toBe(1);
});

test('a decline is replayed too', async () => {
  const key = freshKey();
  await sandbox.control('next_outcome', { customer, declineCode: 'insufficient_funds' });
  const first = await refusalOf(charge(key));
  const again = await refusalOf(charge(key));
  expect([first.decline_code, again.decline_code]).toEqual(['insufficient_funds', 'insufficient_funds']);
  expect(again.charge).toBe(first.charge);
  expect(await chargesOf(key)).toBe(1);
});

test('the same key with other parameters or another path is an idempotency error', async () => {
  const key = freshKey();
  await charge(key);
  expect(await refusalOf(charge(key, { amount: 1001 }))).toMatchObject({
    type: 'StripeIdempotencyError',
    rawType: 'idempotency_error',
    statusCode: 400,
  });
  const elsewhere = sandbox.stripe.customers.create({}, { idempotencyKey: key });
  expect((await refusalOf(elsewhere)).type).toBe('StripeIdempotencyError');
  expect(await chargesOf(key)).toBe(1);
});

test('refused parameters are not kept under the key', async () => {
  const key = freshKey();
  expect((await refusalOf(charge(key, { amount: 1 }))).code).toBe('amount_too_small');
  expect((await charge(key)).status).toBe('succeeded');
});

test('a key is forgotten after 24 hours of sandbox time: the same request is a second payment', async () => {
  const key = freshKey();
  await charge(key);
  await sandbox.control('advance', { seconds: 23 * 3600 });
  await charge(key);
  expect(await chargesOf(key)).toBe(1);
  await sandbox.control('advance', { seconds: 2 * 3600 });
  await charge(key);
  expect(await chargesOf(key)).toBe(2);
});

test('a second request while the first with its key is under way gets 409, then the replay', async () => {
  const key = freshKey();
  await sandbox.control('faults', { ...CREATE, kind: 'delay', delayMs: 400 });
  const slow = charge(key);
  await until(
    async () => JSON.stringify(await sandbox.control(`requests?key=${key}`)).includes('delay'),
    'the first',
  );
  expect(await refusalOf(charge(key))).toMatchObject({ statusCode: 409, code: 'idempotency_key_in_use' });
  const { id } = await slow;
  expect((await charge(key)).id).toBe(id);
  expect(await chargesOf(key)).toBe(1);
});

test('drop_before: nothing happened, the resend pays', async () => {
  const key = freshKey();
  // The client resends a cut connection once by itself, so two requests are dropped.
  await sandbox.control('faults', { ...CREATE, kind: 'drop_before', times: 2 });
  expect((await refusalOf(charge(key))).type).toBe('StripeConnectionError');
  expect(await chargesOf(key)).toBe(0);
  expect((await charge(key)).lastResponse.headers['idempotent-replayed']).toBeUndefined();
  expect(await chargesOf(key)).toBe(1);
});

test('execute_then_drop: the payment happened, the resend replays it', async () => {
  const key = freshKey();
  await sandbox.control('faults', { ...CREATE, kind: 'execute_then_drop', times: 2 });
  expect((await refusalOf(charge(key))).type).toBe('StripeConnectionError');
  expect(await chargesOf(key)).toBe(1);
  expect((await charge(key)).lastResponse.headers['idempotent-replayed']).toBe('true');
  const found = await sandbox.stripe.paymentIntents.list({ customer, limit: 100 });
  expect(found.data.filter(({ metadata }) => metadata['topUpId'] === key)).toHaveLength(1);
});

test('delay after execution: the client gives up, the payment is there', async () => {
  const key = freshKey();
  await sandbox.control('faults', { ...CREATE, kind: 'delay', when: 'after', delayMs: 1500 });
  const impatient = sandbox.stripe.paymentIntents.create(
    {
      amount: 1000,
      currency: 'usd',
      customer,
      payment_method: method,
      confirm: true,
      metadata: { topUpId: key },
    },
    { idempotencyKey: key, timeout: 200 },
  );
  expect((await refusalOf(impatient)).type).toBe('StripeConnectionError');
  expect(await chargesOf(key)).toBe(1);
});

test('500_stored without effect: every replay is the same 500, and nothing was charged', async () => {
  const key = freshKey();
  await sandbox.control('faults', { ...CREATE, kind: '500_stored' });
  for (const replayed of [undefined, 'true']) {
    const refusal = await refusalOf(charge(key));
    expect([refusal.type, refusal.statusCode]).toEqual(['StripeAPIError', 500]);
    expect(refusal.headers?.['idempotent-replayed']).toBe(replayed);
  }
  expect(await chargesOf(key)).toBe(0);
});

test('500_stored with effect: the replies say 500, the list shows the payment', async () => {
  const key = freshKey();
  await sandbox.control('faults', { ...CREATE, kind: '500_stored', keepsEffects: true });
  expect((await refusalOf(charge(key))).statusCode).toBe(500);
  expect((await refusalOf(charge(key))).statusCode).toBe(500);
  expect(await chargesOf(key)).toBe(1);
});

test.each([
  ['500_unstored', 500, 'StripeAPIError', undefined],
  ['429', 429, 'StripeRateLimitError', 'rate_limit'],
  ['lock_timeout', 429, 'StripeRateLimitError', 'lock_timeout'],
  ['409', 409, 'StripeAPIError', 'idempotency_key_in_use'],
])('%s: nothing happened, the same key then pays', async (kind, statusCode, type, code) => {
  const key = freshKey();
  await sandbox.control('faults', { ...CREATE, kind });
  const refusal = await refusalOf(charge(key));
  expect([refusal.statusCode, refusal.type, refusal.code]).toEqual([statusCode, type, code]);
  expect(await chargesOf(key)).toBe(0);
  expect((await charge(key)).status).toBe('succeeded');
});

test('a fault waits for the nth matching request and lasts its number of times', async () => {
  await sandbox.control('faults', { method: 'GET', path: '/v1/customers', kind: '429', nth: 2, times: 2 });
  const outcomes: string[] = [];
  for (let n = 0; n < 4; n += 1) {
    await charge(freshKey());
    const call = sandbox.stripe.customers.retrieve(customer);
    outcomes.push(
      await call.then(
        () => 'answered',
        () => 'refused',
      ),
    );
  }
  expect(outcomes).toEqual(['answered', 'refused', 'refused', 'answered']);
});

test('a wrong control request says what is wrong and changes nothing', async () => {
  await expect(sandbox.control('faults', { kind: 'explode' })).rejects.toThrow(/kind/);
  await expect(sandbox.control('nothing', {})).rejects.toThrow(/README/);
});

test('kill -9 loses nothing: objects, replies under keys, the clock and undelivered events', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'coffer-sandbox-'));
  const endpoint = await startEndpoint();
  endpoint.answerWith(500);
  const environment = {
    SANDBOX_DATA: join(folder, 'sandbox.sqlite'),
    SANDBOX_WEBHOOK_URL: endpoint.url,
    SANDBOX_WEBHOOK_SECRET: 'whsec_test',
  };
  const first = await startProcess({ ...environment, SANDBOX_PORT: '0' });
  let second: Started | null = null;
  try {
    const stripe = stripeClient(first.port);
    const buyer = (await stripe.customers.create()).id;
    const own = (await stripe.paymentMethods.attach('pm_card_visa', { customer: buyer })).id;
    const params = { amount: 1500, currency: 'usd', customer: buyer, payment_method: own, confirm: true };
    const paid = await stripe.paymentIntents.create(params, { idempotencyKey: 'top-up:kill:1' });
    const session = await stripe.checkout.sessions.create({
      mode: 'payment',
      customer: buyer,
      line_items: [
        { quantity: 1, price_data: { currency: 'usd', unit_amount: 900, product_data: { name: 'Credit' } } },
      ],
      success_url: 'http://localhost/ok',
    });
    await controlOf(first.url)('advance', { seconds: 3600 });
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');

    endpoint.answerWith(200);
    endpoint.received.length = 0;
    second = await startProcess({ ...environment, SANDBOX_PORT: String(first.port) });
    const replay = await stripe.paymentIntents.create(params, { idempotencyKey: 'top-up:kill:1' });
    expect([replay.id, replay.lastResponse.headers['idempotent-replayed']]).toEqual([paid.id, 'true']);
    expect((await submitPage(session.url ?? '', { testCard: 'pm_card_visa' })).status).toBe(303);
    const { now } = await controlOf(second.url)('state');
    expect(Number(now)).toBeGreaterThan(Date.now() / 1000 + 3590);
    await until(
      () => endpoint.types().filter((type) => type === 'payment_intent.succeeded').length === 2,
      'both events',
    );
  } finally {
    first.child.kill('SIGKILL');
    second?.child.kill('SIGTERM');
    if (second !== null) await once(second.child, 'exit');
    await endpoint.close();
    await rm(folder, { recursive: true });
  }
});

test('the process refuses production and live keys, and says which variable is wrong', async () => {
  for (const [variable, value] of [
    ['NODE_ENV', 'production'],
    ['STRIPE_SECRET_KEY', 'sk_live_1'],
    ['SANDBOX_PORT', 'eighty'],
  ] as const) {
    await expect(startProcess({ [variable]: value })).rejects.toThrow(variable);
  }
});

interface Started {
  child: ChildProcess;
  port: number;
  url: string;
}

async function startProcess(environment: Record<string, string>): Promise<Started> {
  const child = spawn(process.execPath, ['dev/stripe/main.ts'], {
    env: { PATH: process.env['PATH'], NODE_ENV: 'test', ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const entry: { msg: string; port: number; url: string } = JSON.parse(line);
    if (entry.msg === 'listening') return { child, port: entry.port, url: entry.url };
    throw new Error(entry.msg);
  }
  throw new Error('the sandbox ended without a word');
}
