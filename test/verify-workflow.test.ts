// Verify as a workflow: by schedule or on an operator's wish, kept for operators, and going on where it was cut off.
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { ScheduleNotFoundError } from '@temporalio/client';
import type { Worker } from '@temporalio/worker';
import { Registry } from 'prom-client';
import { verifyActivities } from '../activities/verify.ts';
import { createPool, type Pool } from '../ledger/database.ts';
import type { VerifyReport } from '../ledger/verify/report.ts';
import { readLastRuns, readRuns } from '../ledger/verify/runs.ts';
import { schedulesOf, setSchedules } from '../worker/schedules.ts';
import { watchVerify } from '../worker/verify-metrics.ts';
import { VERIFY_WORKFLOW, verifyWorkflowId } from '../workflows/messages.ts';
import type { verify } from '../workflows/verify.ts';
import { eventually } from './support/account.ts';
import { startTestApi } from './support/api.ts';
import { type Books, healthyBooks, NOW, plant } from './support/books.ts';
import { recordHistories } from './support/histories.ts';
import { createOperatorToken } from './support/people.ts';
import { connectTestTemporal, type TestTemporal } from './support/temporal.ts';

let temporal: TestTemporal;
let books: Books;
let pool: Pool;
let worker: Worker;
let taskQueue: string;
let running: Promise<void>;
const finished: VerifyReport[] = [];
let cutOff = 0;

beforeAll(async () => {
  temporal = await connectTestTemporal();
});
afterAll(() => temporal?.close());

beforeEach(async () => {
  books = await healthyBooks();
  pool = createPool(books.database.url, { applicationName: 'verify under test' });
  finished.length = 0;
  cutOff = 0;
  worker = await temporal.createWorker({
    activities: verifyActivities({
      pool,
      clock: () => NOW,
      onFinished: (_input, report) => finished.push(report),
      onProgress: () => {
        if (cutOff-- > 0) throw new Error('cut off');
      },
    }),
  });
  ({ taskQueue } = worker.options);
  running = worker.run();
});
afterEach(async () => {
  worker.shutdown();
  await running;
  await pool.end();
  await books.database.drop();
});

function run(name: string) {
  return temporal.client.workflow.execute<typeof verify>(VERIFY_WORKFLOW, {
    workflowId: `verify/${taskQueue}/${name}`,
    taskQueue,
    args: [{ scope: 'full' }],
  });
}

test('a run keeps what it found, and its workflow says so', async () => {
  const outcome = await run('clean');
  expect(outcome).toEqual({ clean: true, accounts: 5, entries: 4, usageEvents: 6, offenders: [] });
  const [kept] = await readRuns(pool, { limit: 10 });
  expect(kept).toMatchObject({ scope: 'full', startedAt: NOW, finishedAt: NOW, clean: true, entries: 4 });
  expect(kept?.checks.find(({ guarantee }) => guarantee === 'usage')).toMatchObject({ ok: true, checked: 6 });
  await recordHistories(temporal.client, `verify/${taskQueue}/clean`, 'verify-clean');
});

test('a run that finds an offender completes, alerts, and the metric says 0', async () => {
  await plant(books, 'delete from entries where seq = 2');
  const outcome = await run('broken');
  expect(outcome.clean).toBe(false);
  expect(outcome.offenders[0]).toContain('seq 3: it follows seq 1');
  expect(finished).toMatchObject([{ ok: false }]);
  const registry = new Registry();
  watchVerify(registry, () => readLastRuns(pool));
  const metrics = await registry.metrics();
  expect(metrics).toContain('coffer_verify_clean{scope="full"} 0');
  expect(metrics).toContain(
    `coffer_verify_finished_timestamp_seconds{scope="full"} ${NOW.getTime() / 1_000}`,
  );
  await recordHistories(temporal.client, `verify/${taskQueue}/broken`, 'verify-broken');
});

test('a run that was cut off goes on where it was and stays one run', async () => {
  cutOff = 2;
  expect(await run('cut-off')).toMatchObject({ clean: true, accounts: 5, entries: 4, usageEvents: 6 });
  expect(await readRuns(pool, { limit: 10 })).toMatchObject([{ clean: true, accounts: 5 }]);
  await recordHistories(temporal.client, `verify/${taskQueue}/cut-off`, 'verify-cut-off');
});

test('the schedules run it, and are put back when they are gone', async () => {
  const { client } = temporal;
  const schedules = schedulesOf(taskQueue);
  const handles = schedules.map(({ scheduleId }) => client.schedule.getHandle(scheduleId));
  const [hourly, nightly] = handles;
  if (hourly === undefined || nightly === undefined) throw new Error('there should be two schedules');
  try {
    await setSchedules({ client }, schedules, true);
    await setSchedules({ client }, schedules, true);
    expect((await hourly.describe()).action).toMatchObject({ args: [{ scope: 'since-checkpoint' }] });
    await hourly.trigger();
    const kept = await eventually(
      async () => (await readRuns(pool, { limit: 1 }))[0]?.finishedAt ?? undefined,
    );
    expect(kept).toEqual(NOW);
    expect((await readLastRuns(pool)).map(({ scope }) => scope)).toEqual(['since-checkpoint']);
    await nightly.pause('an operator');
    await hourly.delete();
    await setSchedules({ client }, schedules, true);
    expect((await hourly.describe()).state.paused).toBe(false);
    // what an operator paused stays paused
    expect((await nightly.describe()).state.paused).toBe(true);
  } finally {
    for (const handle of handles) {
      await handle.delete().catch((error: unknown) => {
        if (!(error instanceof ScheduleNotFoundError)) throw error;
      });
    }
  }
});

test('operators start a run and read what the runs found', async () => {
  const api = await startTestApi(books.database, { environment: { TEMPORAL_TASK_QUEUE: taskQueue } });
  try {
    const token = await createOperatorToken(books.database.pool);
    const path = '/v1/operator/verify';
    await plant(books, `update account_balances set epoch = 0`);
    const started = await api.json('POST', path, { token, body: { scope: 'since-checkpoint' } });
    expect(started).toMatchObject({ status: 202, body: { scope: 'since-checkpoint' } });
    const { id } = started.body;
    const found = await eventually(async () => {
      const { body } = await api.json('GET', path, { token });
      return body.items[0]?.finishedAt ? body : undefined;
    });
    expect(found).toMatchObject({
      items: [{ id, scope: 'since-checkpoint', clean: false }],
      nextCursor: null,
    });
    const check = found.items[0].checks.find((one: { guarantee: string }) => one.guarantee === 'epochs');
    expect(check).toMatchObject({
      says: 'no entry was written under an older epoch',
      holds: false,
      offences: 1,
    });
    expect(check.firstOffender).toContain('epoch 0');
    expect((await api.json('GET', path, {})).status).toBe(401);
  } finally {
    await api.close();
  }
});

test('a run that cannot be started is a problem and no run', async () => {
  const api = await startTestApi(books.database, { environment: { TEMPORAL_ADDRESS: '127.0.0.1:9' } });
  try {
    const token = await createOperatorToken(books.database.pool);
    const answer = await api.json('POST', '/v1/operator/verify', { token, body: {} });
    expect(answer).toMatchObject({ status: 503, body: { code: 'workflows-unavailable' } });
    expect(await readRuns(pool, { limit: 1 })).toEqual([]);
  } finally {
    await api.close();
  }
});

test('two who ask at once get the same run', async () => {
  const idle = randomUUID();
  const api = await startTestApi(books.database, { environment: { TEMPORAL_TASK_QUEUE: idle } });
  try {
    const token = await createOperatorToken(books.database.pool);
    const ask = () => api.json('POST', '/v1/operator/verify', { token, body: {} });
    const [one, other] = await Promise.all([ask(), ask()]);
    expect(one.status).toBe(202);
    expect(other.body).toEqual(one.body);
  } finally {
    await api.close();
    await temporal.client.workflow.getHandle(verifyWorkflowId(idle, 'operator')).terminate();
  }
});
