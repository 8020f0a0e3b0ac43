// Charges whose outcome is not known: sent again with the same key for less than a day, then only looked up.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { charge } from '../activities/payments/charge.ts';
import type { PaymentClients } from '../activities/payments/clients.ts';
import { settle } from '../activities/payments/settle.ts';
import type { TopUpStep } from '../activities/payments/step.ts';
import { stripeAccess } from '../activities/payments/stripe.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { createPerson } from './support/people.ts';
import { startTestSandbox, type TestSandbox } from './support/sandbox.ts';

const HOUR_MS = 3_600_000;
const CREATE = { method: 'POST', path: '/v1/payment_intents' };

let database: TestDatabase;
let sandbox: TestSandbox;
let clients: PaymentClients;
let nowMs = Date.now();
let topUpId: string;
const alerts: string[] = [];

beforeAll(async () => {
  [database, sandbox] = await Promise.all([createTestDatabase(), startTestSandbox()]);
  clients = {
    pool: database.pool,
    clock: () => new Date(nowMs),
    stripe: stripeAccess(sandbox.stripe),
    deployment: 'default',
    live: false,
    baseUrl: 'http://localhost:8080',
    alert: (_fields, message) => alerts.push(message),
    ring: () => {},
  };
});
afterAll(async () => {
  await sandbox?.close();
  await database?.drop();
});

/** An account that has fallen below its threshold: its posting decided on a charge of $20. */
beforeEach(async () => {
  await fetch(`${sandbox.url}/_sandbox/faults`, { method: 'DELETE' });
  const now = new Date(nowMs);
  const { pool } = database;
  const { personId, accountId, email } = await createPerson(pool, 'Susan Sponsor', now);
  const customer = await sandbox.stripe.customers.create({ email });
  const card = await sandbox.stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id });
  await pool.query(
    `insert into payment_methods values ($1, $2, $3, $4, 'visa', '4242', 12, 2040, $5, 'test', null, $5)`,
    [card.id, personId, customer.id, randomUUID(), now],
  );
  await pool.query(
    `select set_auto_top_up($1, $2, $3, 10000000000, 20000000000, null, 200000000000, true, $4)`,
    [accountId, personId, card.id, now],
  );
  await pool.query(
    'select p.* from open_account($1) o, lateral post_pending($1, o.epoch, o.seq, 100, $2) p',
    [accountId, now],
  );
  const { rows } = await pool.query<{ id: string }>('select id from top_ups where account_id = $1', [
    accountId,
  ]);
  topUpId = rows[0]?.id ?? '';
});

const look = (): Promise<TopUpStep | 'unknown'> => charge(clients, topUpId).catch(() => 'unknown' as const);

async function advance(hours: number): Promise<void> {
  nowMs += hours * HOUR_MS;
  await sandbox.control('advance', { seconds: hours * 3_600 });
}

async function row() {
  const { rows } = await database.pool.query<{ state: string; reason: string | null; attempt: number }>(
    'select state, reason, attempt from top_ups where id = $1',
    [topUpId],
  );
  return rows[0];
}

async function sent(): Promise<number> {
  const { items } = await sandbox.control(
    `requests?method=POST&path=/v1/payment_intents&key=top-up:${topUpId}:1`,
  );
  return Array.isArray(items) ? items.length : 0;
}

test('a charge that never reached Stripe is closed a day after it was last sent, and never sent under another key', async () => {
  await sandbox.control('faults', { ...CREATE, kind: 'drop_before', times: null });
  expect(await look()).toBe('unknown');
  await advance(22);
  expect(await look()).toBe('unknown');
  const requests = await sent();
  await advance(1.5);
  expect(await look()).toMatchObject({ kind: 'later' });
  expect(await row()).toMatchObject({ state: 'unknown' });
  await fetch(`${sandbox.url}/_sandbox/faults`, { method: 'DELETE' });
  await advance(20);
  expect(await look()).toMatchObject({ kind: 'later' });
  await advance(4);
  expect(await look()).toEqual({ kind: 'over', state: 'not-completed' });
  expect(await row()).toEqual({ state: 'not-completed', reason: 'never-sent', attempt: 1 });
  expect(await sent()).toBe(requests);
  expect(await sandbox.charges({ topUpId })).toEqual([]);
});

test('a charge whose reply was lost for a day is found and credited, not sent again', async () => {
  await sandbox.control('faults', { ...CREATE, kind: 'execute_then_drop', times: null });
  expect(await look()).toBe('unknown');
  await advance(25);
  const step = await look();
  expect(step).toMatchObject({ kind: 'paid' });
  if (typeof step === 'object' && step.kind === 'paid') {
    expect(await settle(clients, step.paymentIntentId)).toMatchObject({ kind: 'credited' });
    expect(await settle(clients, step.paymentIntentId)).toMatchObject({ kind: 'again' });
  }
  expect(await row()).toMatchObject({ state: 'paid', attempt: 1 });
  expect(await sandbox.charges({ topUpId })).toHaveLength(1);
});

test('a charge whose reply was lost is found although Stripe has forgotten its key and our clock knows nothing of it', async () => {
  await sandbox.control('faults', { ...CREATE, kind: 'execute_then_drop', times: null });
  expect(await look()).toBe('unknown');
  await fetch(`${sandbox.url}/_sandbox/faults`, { method: 'DELETE' });
  await sandbox.control('advance', { seconds: 25 * 3_600 });
  expect(await look()).toMatchObject({ kind: 'paid' });
  expect(await sandbox.charges({ topUpId })).toHaveLength(1);
});

test('a charge whose payment Stripe knows no more is told to operators, and makes room a day after it was last sent', async () => {
  await sandbox.control('faults', { ...CREATE, kind: 'drop_before', times: null });
  expect(await look()).toBe('unknown');
  await database.pool.query(`update top_up_attempts set payment_intent_id = 'pi_lost' where top_up_id = $1`, [
    topUpId,
  ]);
  await advance(23.5);
  alerts.length = 0;
  expect(await look()).toMatchObject({ kind: 'later' });
  expect(alerts).toEqual(['Stripe does not know the payment of a top-up']);
  await advance(1);
  expect(await look()).toEqual({ kind: 'over', state: 'not-completed' });
  expect(await row()).toMatchObject({ state: 'not-completed', reason: 'never-sent' });
});

test('after a failure that Stripe stored was replayed three times the charge is only looked up', async () => {
  await sandbox.control('faults', { ...CREATE, kind: '500_stored' });
  for (let i = 0; i < 3; i += 1) expect(await look()).toBe('unknown');
  expect(await look()).toMatchObject({ kind: 'later' });
  const requests = await sent();
  expect(await row()).toMatchObject({ state: 'unknown' });
  expect(await look()).toMatchObject({ kind: 'later' });
  expect(await sent()).toBe(requests);
});

test('a key that was sent with other parameters stops everything but the look-up', async () => {
  await sandbox.control('faults', { ...CREATE, kind: 'execute_then_drop', times: null });
  expect(await look()).toBe('unknown');
  await fetch(`${sandbox.url}/_sandbox/faults`, { method: 'DELETE' });
  await database.pool.query('update top_ups set receipt_email = $2 where id = $1', [
    topUpId,
    'other@example.com',
  ]);
  expect(await look()).toMatchObject({ kind: 'paid' });
  expect(await sandbox.charges({ topUpId })).toHaveLength(1);
});

test('a key of ours that Stripe does not accept sends nothing more and closes nothing', async () => {
  const broken = {
    ...clients,
    stripe: stripeAccess(
      new (await import('stripe')).default('sk_live_wrong', {
        host: '127.0.0.1',
        port: sandbox.port,
        protocol: 'http',
        maxNetworkRetries: 0,
      }),
    ),
  };
  expect(await charge(broken, topUpId)).toMatchObject({ kind: 'later' });
  expect(await row()).toMatchObject({ state: 'open' });
  expect(await look()).toMatchObject({ kind: 'paid' });
});
