// The worker process: it says when it listens, waits for what is away, and ends in time.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { freePort } from '../dev/ports.ts';
import { startTemporal } from '../dev/temporal.ts';
import { postNow } from '../workflows/client.ts';
import { createTestLedger, eventually, type TestLedger } from './support/account.ts';
import { connectTestTemporal, type TestTemporal } from './support/temporal.ts';

let temporal: TestTemporal;
let ledger: TestLedger;
const processes: ChildProcess[] = [];

beforeAll(async () => {
  [temporal, ledger] = await Promise.all([connectTestTemporal(), createTestLedger()]);
});
afterEach(() => {
  for (const child of processes.splice(0)) child.kill('SIGKILL');
});
afterAll(async () => {
  await temporal?.close();
  await ledger?.close();
});

test('it posts, sweeps, answers health checks and metrics, and ends within 10 s of SIGTERM', async () => {
  const taskQueue = randomUUID();
  const worker = start({
    TEMPORAL_TASK_QUEUE: taskQueue,
    SETTLEMENT_INTERVAL_MS: '100',
    SWEEP_INTERVAL_MS: '100',
  });
  const { port } = await worker.listening;
  const accountId = await ledger.createAccount();
  await ledger.grant(accountId, 5n);
  expect(await postNow({ client: temporal.client, taskQueue }, accountId)).toMatchObject({
    postedNanos: '5',
  });

  await ledger.grant(accountId, 5n);
  await ledger.pool.query('update account_balances set rung_at = null where account_id = $1', [accountId]);
  await eventually(async () => ((await ledger.balanceRow(accountId)).posted === 10n ? true : undefined));

  expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  expect(metrics).toContain('coffer_postings_total{outcome="posted"} 2');
  expect(metrics).toContain('coffer_rings_total{reason="interval",outcome="delivered"} 1');
  expect(metrics).toContain('coffer_unanswered_rings 0');

  const nightly = temporal.client.schedule.getHandle(`${taskQueue}/verify/full`);
  await eventually(() => nightly.describe().catch(() => undefined));

  worker.child.kill('SIGTERM');
  expect(await worker.exitCode).toBe(0);
  for (const scope of ['full', 'since-checkpoint'])
    await temporal.client.schedule.getHandle(`${taskQueue}/verify/${scope}`).delete();
  await temporal.client.workflow.getHandle(`account/${accountId}`).terminate();
});

test('a worker that is killed in the midst of postings loses nothing and doubles nothing', async () => {
  const environment = {
    TEMPORAL_TASK_QUEUE: randomUUID(),
    SETTLEMENT_INTERVAL_MS: '50',
    SWEEP_INTERVAL_MS: '50',
  };
  const accountId = await ledger.createAccount();
  let granted = 0n;
  for (let kill = 0; kill < 4; kill++) {
    const worker = start(environment);
    await worker.listening;
    const until = Date.now() + 300 + Math.random() * 700;
    while (Date.now() < until) {
      await ledger.grant(accountId, 1n);
      granted++;
    }
    worker.child.kill('SIGKILL');
    await worker.exitCode;
  }
  await start(environment).listening;
  await eventually(
    async () => ((await ledger.balanceRow(accountId)).pending === 0n ? true : undefined),
    40_000,
  );
  const entries = await ledger.entries(accountId);
  expect(entries.map(({ seq, balanceAfter }) => BigInt(seq) - balanceAfter)).toEqual(entries.map(() => 0n));
  expect(BigInt(entries.length)).toBe(granted);
  await temporal.client.workflow.getHandle(`account/${accountId}`).terminate();
});

test('it waits for a Temporal that is away, and is well again after one that went', async () => {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'coffer-worker-'));
  const logFile = join(folder, 'temporal.log');
  const taskQueue = randomUUID();
  const worker = start({ TEMPORAL_ADDRESS: `127.0.0.1:${port}`, TEMPORAL_TASK_QUEUE: taskQueue });
  await worker.said('not polling, trying again');
  const server = await startTemporal({ port, logFile });
  try {
    await worker.listening;
  } finally {
    await server.stop();
  }
  const again = await startTemporal({ port, logFile });
  try {
    const accountId = await ledger.createAccount();
    await ledger.grant(accountId, 5n);
    // nobody rings: the sweeper does, as soon as it can
    await eventually(
      async () => ((await ledger.balanceRow(accountId)).posted === 5n ? true : undefined),
      40_000,
    );
    expect(worker.child.exitCode).toBeNull();
    worker.child.kill('SIGTERM');
    expect(await worker.exitCode).toBe(0);
  } finally {
    await again.stop();
    await rm(folder, { recursive: true });
  }
});

test('it waits for a Postgres that is away, and still ends when told to', async () => {
  const address = new URL(ledger.database.url);
  address.port = String(await freePort());
  const worker = start({ DATABASE_URL: address.href, TEMPORAL_TASK_QUEUE: randomUUID() });
  await worker.listening;
  await worker.said('a sweep failed');
  worker.child.kill('SIGINT');
  expect(await worker.exitCode).toBe(0);
});

test('a wrong variable is named with what it must be', async () => {
  const worker = start({
    DATABASE_URL: 'mysql://elsewhere',
    STRIPE_SECRET_KEY: '',
    TEMPORAL_ADDRESS: 'elsewhere',
    MAIL_FROM: 'nobody',
    SWEEP_RINGS_PER_SECOND: 'many',
    WORKER_METRICS_PORT: '99999',
  });
  expect(await worker.exitCode).toBe(1);
  expect(worker.errors().trim().split('\n')).toEqual([
    'DATABASE_URL must be a URL like postgres://user:password@host:port/name',
    'TEMPORAL_ADDRESS must be host:port',
    'STRIPE_SECRET_KEY must be set: a Stripe secret key (sk_test_… or sk_live_…)',
    'MAIL_FROM must be an address, like Coffer <coffer@example.com>',
    'SWEEP_RINGS_PER_SECOND must be a whole number from 1 to 10000 (rings)',
    'WORKER_METRICS_PORT must be a whole number from 0 to 65535 (a port; 0 for a free one)',
  ]);
});

/** Starts the worker's entry point with the test's servers, but for what `environment` says. */
function start(environment: Record<string, string>) {
  const child = spawn(
    fileURLToPath(new URL('../node_modules/.bin/node', import.meta.url)),
    [fileURLToPath(new URL('../worker/main.ts', import.meta.url))],
    {
      env: {
        PATH: process.env['PATH'],
        DATABASE_URL: ledger.database.url,
        TEMPORAL_ADDRESS: process.env['TEMPORAL_ADDRESS'],
        STRIPE_SECRET_KEY: 'sk_test_coffer',
        STRIPE_API_BASE: 'http://127.0.0.1:9',
        SMTP_URL: 'smtp://127.0.0.1:9',
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  processes.push(child);
  let errors = '';
  child.stderr.on('data', (text) => {
    errors += text;
  });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  const line = (message: string) =>
    eventually(async () => {
      const found = lines.find((each) => each.includes(`"msg":"${message}"`));
      if (found === undefined && child.exitCode !== null) throw new Error(`the worker ended: ${errors}`);
      return found;
    }, 40_000);
  return {
    child,
    errors: () => errors,
    said: line,
    get listening(): Promise<{ port: number }> {
      return line('listening').then((text) => JSON.parse(text));
    },
    exitCode: once(child, 'exit').then(([code]) => code),
  };
}
