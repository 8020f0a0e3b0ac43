// The top-up's workflow over days: Temporal's clock jumps over the waits, and ours and Stripe's follow it.
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { WorkflowFailedError } from '@temporalio/client';
import { CancelledFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { topUpActivities } from '../activities/payments/activities.ts';
import { createPaymentClients } from '../activities/payments/clients.ts';
import { postingActivities } from '../activities/posting.ts';
import { ringActivities } from '../activities/ring.ts';
import { createPool, type Pool } from '../ledger/database.ts';
import { topUpWorkflowId } from '../workflows/messages.ts';
import type { topUp } from '../workflows/top-up.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { createPerson, type TestPerson } from './support/people.ts';
import { startTestSandbox, type TestSandbox } from './support/sandbox.ts';
import { workflowBundle } from './support/temporal.ts';
import { startTimeSkipping } from './support/time-skipping.ts';

const HOUR_MS = 3_600_000;

let skipping: TestWorkflowEnvironment;
let database: TestDatabase;
let pool: Pool;
let sandbox: TestSandbox;
let nowMs = Date.now();
let person: TestPerson;
let card: string;
let topUpId: string;

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  [database, sandbox] = await Promise.all([createTestDatabase(), startTestSandbox()]);
  pool = createPool(database.url, { applicationName: 'top-ups under test' });
});
afterAll(async () => {
  await pool?.end();
  await sandbox?.close();
  await database?.drop();
});

afterEach(() => skipping?.teardown());

/** An account that has fallen below its threshold: its posting decided on a charge of $20. */
beforeEach(async () => {
  // a server for each: what one test leaves unfinished would have the next one's clock stop at its timeouts
  skipping = await startTimeSkipping();
  await followClock();
  person = await createPerson(pool, 'Susan Sponsor', new Date(nowMs));
  const customer = await sandbox.stripe.customers.create({ email: person.email });
  card = (await sandbox.stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id })).id;
  const now = new Date(nowMs);
  await pool.query(
    `insert into payment_methods values ($1, $2, $3, $4, 'visa', '4242', 12, 2040, $5, 'test', null, $5)`,
    [card, person.personId, customer.id, randomUUID(), now],
  );
  await pool.query(
    `select set_auto_top_up($1, $2, $3, 10000000000, 20000000000, null, 200000000000, true, $4)`,
    [person.accountId, person.personId, card, now],
  );
  await post();
  const { rows } = await pool.query<{ id: string }>('select id from top_ups where account_id = $1', [
    person.accountId,
  ]);
  topUpId = rows[0]?.id ?? '';
});

async function post() {
  await pool.query(
    'select p.* from open_account($1) o, lateral post_pending($1, o.epoch, o.seq, 100, $2) p',
    [person.accountId, new Date(nowMs)],
  );
}

async function followClock() {
  const then = Math.max(await skipping.currentTimeMs(), nowMs);
  if (then > nowMs) await sandbox.control('advance', { seconds: (then - nowMs) / 1_000 });
  nowMs = then;
}

/** Runs the workflow to its end; between its steps the clocks meet. */
async function run(during: (taskQueue: string) => Promise<unknown>): Promise<void> {
  const taskQueue = randomUUID();
  const clock = () => new Date(nowMs);
  const temporal = { client: skipping.client, taskQueue };
  const clients = createPaymentClients({
    secretKey: 'sk_test_sandbox',
    apiBase: sandbox.url,
    pool,
    clock,
    temporal,
    deployment: 'default',
    baseUrl: 'http://localhost:8080',
    logger: { warn: () => {}, error: () => {} },
  });
  const worker = await Worker.create({
    connection: skipping.nativeConnection,
    taskQueue,
    workflowBundle: await workflowBundle(),
    activities: {
      ...postingActivities({ pool, clock, temporal }),
      ...ringActivities(temporal),
      ...topUpActivities(clients, { faults: { beforeCharge: followClock } }),
    },
  });
  await worker.runUntil(() => during(taskQueue));
}

function start(taskQueue: string) {
  return skipping.client.workflow.start<typeof topUp>('topUp', {
    workflowId: topUpWorkflowId(topUpId),
    taskQueue,
    args: [{ topUpId, accountId: person.accountId }],
  });
}

const finish = () => run(async (taskQueue) => (await start(taskQueue)).result());

async function row() {
  const { rows } = await pool.query<{ state: string; reason: string | null; attempt: number }>(
    'select state, reason, attempt from top_ups where id = $1',
    [topUpId],
  );
  return rows[0];
}

const charges = () => sandbox.charges({ topUpId });

test('two soft declines are tried again after an hour and after a day; then it is paid and credited once', async () => {
  const began = nowMs;
  for (let i = 0; i < 2; i += 1) {
    await sandbox.control('next_outcome', { paymentMethod: card, declineCode: 'insufficient_funds' });
  }
  await finish();
  expect(await row()).toMatchObject({ state: 'paid', attempt: 3 });
  expect((await charges()).map(({ status }) => status)).toEqual(['failed', 'failed', 'succeeded']);
  expect(nowMs - began).toBeGreaterThanOrEqual(25 * HOUR_MS);
  const { rows } = await pool.query(`select 1 from ledger_commands where account_id = $1`, [
    person.accountId,
  ]);
  expect(rows).toHaveLength(1);
});

test('three soft declines pause the rule', async () => {
  for (let i = 0; i < 3; i += 1) {
    await sandbox.control('next_outcome', { paymentMethod: card, declineCode: 'insufficient_funds' });
  }
  await finish();
  expect(await row()).toMatchObject({ state: 'not-completed', reason: 'soft', attempt: 3 });
  const { rows } = await pool.query('select state, suspension from auto_top_up_rules where account_id = $1', [
    person.accountId,
  ]);
  expect(rows).toEqual([{ state: 'suspended', suspension: 'declined' }]);
});

test('cancelling a top-up that waits for its next try ends it without another charge', async () => {
  await sandbox.control('next_outcome', { paymentMethod: card, declineCode: 'insufficient_funds' });
  await run(async (taskQueue) => {
    const handle = await start(taskQueue);
    for (;;) {
      if ((await charges()).length > 0) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
    await handle.cancel();
    const error = await handle.result().catch((failure: unknown) => failure);
    expect(error instanceof WorkflowFailedError && error.cause instanceof CancelledFailure).toBe(true);
  });
  expect(await row()).toMatchObject({ state: 'not-completed', reason: 'cancelled', attempt: 1 });
  expect(await charges()).toHaveLength(1);
});
