// The sweeper: what was not answered or waits too long is taken up, in order, at a bounded rate, by one worker at a time.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { pino } from 'pino';
import { freePort } from '../dev/ports.ts';
import { createWorkerMetrics } from '../worker/metrics.ts';
import { dueEvaluations, overduePending, unansweredRings } from '../worker/ring-tasks.ts';
import { type SweepTask, startSweeper } from '../worker/sweeper.ts';
import type { TemporalClient } from '../workflows/client.ts';
import { createTestLedger, eventually, type TestLedger, withActor } from './support/account.ts';
import { connectTestTemporal, type TestTemporal } from './support/temporal.ts';

let testTemporal: TestTemporal;
let ledger: TestLedger;

beforeAll(async () => {
  [testTemporal, ledger] = await Promise.all([connectTestTemporal(), createTestLedger()]);
});
afterAll(async () => {
  await testTemporal?.close();
  await ledger?.close();
});

const logger = pino({ level: 'silent' });
const later = (seconds: number) => new Date(Date.now() + seconds * 1_000);

function tasks(temporal: TemporalClient, mostOpenRepetitions = 0) {
  const options = {
    pool: ledger.pool,
    temporal,
    metrics: createWorkerMetrics(),
    settlementIntervalMs: 5_000,
    mostOpenRepetitions,
  };
  return {
    rings: unansweredRings(options),
    pending: overduePending(options),
    evaluations: dueEvaluations(options),
  };
}

function sweeper(swept: readonly SweepTask[], seconds = 0) {
  return startSweeper({
    pool: ledger.pool,
    clock: () => later(seconds),
    logger,
    metrics: createWorkerMetrics(),
    tasks: swept,
    intervalMs: 50,
    ringsPerSecond: 200,
  });
}

test('a ring that was lost with a terminated actor is taken up', async () => {
  await withActor(testTemporal, ledger, {}, async ({ accountId, temporal, settled }) => {
    await ledger.grant(accountId, 5n); // it counts as rung, but nobody rang
    const { rings } = tasks(temporal);
    expect(await rings.run(new Date(), 10)).toBe(0);
    const running = sweeper([rings], 4);
    expect(await settled()).toMatchObject({ postedNanos: '5' });
    await running.stop();
  });
});

test('what is pending for longer than the settlement interval is posted, though nothing rang', async () => {
  await withActor(testTemporal, ledger, {}, async ({ accountId, temporal, settled }) => {
    await ledger.grant(accountId, 5n);
    await ledger.pool.query('update account_balances set rung_at = null where account_id = $1', [accountId]);
    const { pending } = tasks(temporal);
    expect(await pending.run(later(4), 10)).toBe(0);
    expect(await pending.run(later(6), 10)).toBe(1);
    expect(await pending.run(later(6), 10)).toBe(0); // rung: the rest is for the repetition of rings
    expect(await settled()).toMatchObject({ postedNanos: '5' });
  });
});

test('unanswered rings are repeated oldest first, at most as many as asked for, with growing pauses', async () => {
  const { rings } = tasks({ client: testTemporal.client, taskQueue: randomUUID() }); // nobody answers there
  const accounts = await rungAccounts(5);
  const repeated = async () => {
    const rows = await Promise.all(accounts.map((id) => ledger.balanceRow(id)));
    return rows.map(({ ringsRepeated }) => ringsRepeated);
  };
  expect(await rings.run(later(4), 3)).toBe(3);
  expect(await repeated()).toEqual([1, 1, 1, 0, 0]);
  expect(await rings.run(later(4), 3)).toBe(2);
  expect(await rings.run(later(15), 10)).toBe(0);
  expect(await rings.run(later(17), 10)).toBe(5); // 12 s after the first
  expect(await rings.run(later(64), 10)).toBe(0);
  expect(await rings.run(later(66), 10)).toBe(5); // 48 s after the second
  expect(await repeated()).toEqual([3, 3, 3, 3, 3]);
  await answer(accounts);
});

test('rings are repeated faster than the rate for as long as they are answered', async () => {
  const { rings } = tasks({ client: testTemporal.client, taskQueue: randomUUID() }, 6); // we answer ourselves
  const accounts = await rungAccounts(20);
  expect(await rings.run(later(4), 2)).toBe(6);
  expect(await rings.run(later(4), 2)).toBe(2); // none was answered
  await answer(accounts.slice(0, 4));
  expect(await rings.run(later(4), 2)).toBe(2);
  await answer(accounts.slice(0, 8));
  expect(await rings.run(later(4), 2)).toBe(4);
  await answer(accounts.slice(0, 14));
  expect(await rings.run(later(4), 2)).toBe(6);
  await answer(accounts);
});

/** Accounts that count as rung, oldest first. */
async function rungAccounts(count: number): Promise<string[]> {
  const accounts: string[] = [];
  for (let n = 0; n < count; n++) {
    const accountId = await ledger.createAccount();
    await ledger.grant(accountId, 1n);
    accounts.push(accountId);
  }
  return accounts;
}

/** Takes the rings of accounts as a posting does, and ends the actors that were started for them. */
async function answer(accounts: readonly string[]): Promise<void> {
  await ledger.pool.query(
    'update account_balances set rung_at = null, rings_repeated = 0, ring_again_at = null where account_id = any ($1)',
    [accounts],
  );
  for (const accountId of accounts)
    await testTemporal.client.workflow
      .getHandle(`account/${accountId}`)
      .terminate()
      .catch(() => undefined);
}

test('a rule that has to decide again is rung once, and decides', async () => {
  await withActor(testTemporal, ledger, {}, async ({ accountId, temporal, settled }) => {
    await ledger.enableAutoTopUp(accountId, { thresholdNanos: 1_000n, amountNanos: 5_000_000_000n });
    await ledger.pool.query('update auto_top_up_rules set next_evaluation_at = $2 where account_id = $1', [
      accountId,
      later(10),
    ]);
    await ledger.grant(accountId, 2_000n);
    await ledger.pool.query('update account_balances set rung_at = null where account_id = $1', [accountId]);
    const { evaluations } = tasks(temporal);
    expect(await evaluations.run(later(9), 10)).toBe(0);
    expect(await evaluations.run(later(11), 10)).toBe(1);
    expect(await evaluations.run(later(11), 10)).toBe(0);
    expect(await settled()).toMatchObject({ decision: 'none', reason: 'above-threshold' });
    expect(await evaluations.run(later(11), 10)).toBe(0);
  });
});

test('a ring that never reached Temporal is due again at once', async () => {
  const connection = Connection.lazy({ address: `127.0.0.1:${await freePort()}` });
  const away = { client: new Client({ connection }), taskQueue: 'away' };
  await withActor(testTemporal, ledger, {}, async ({ accountId, temporal, settled }) => {
    await ledger.grant(accountId, 5n);
    await expect(tasks(away).rings.run(later(4), 10)).rejects.toThrow(
      '1 of 1 rings (overdue) were not delivered',
    );
    expect(await tasks(temporal).rings.run(later(4), 10)).toBe(1);
    expect(await settled()).toMatchObject({ postedNanos: '5' });
  });
  await connection.close();
});

test('one worker sweeps at a time, and another takes over when it ends or fails', async () => {
  const sweeps = { first: 0, second: 0 };
  const counting = (name: keyof typeof sweeps): SweepTask => ({
    name,
    run: async () => {
      sweeps[name]++;
      return 0;
    },
  });
  const first = sweeper([counting('first')]);
  await eventually(async () => (sweeps.first > 0 ? true : undefined));
  const second = sweeper([counting('second')]);
  await eventually(async () => (sweeps.first > 4 ? true : undefined));
  expect(sweeps.second).toBe(0);
  await first.stop();
  await eventually(async () => (sweeps.second > 0 ? true : undefined));
  await second.stop();
});

test('a task that fails does not keep the next from its turn', async () => {
  let ran = 0;
  const running = sweeper([
    { name: 'broken', run: () => Promise.reject(new Error('broken')) },
    {
      name: 'working',
      run: async () => {
        ran++;
        return 0;
      },
    },
  ]);
  await eventually(async () => (ran > 2 ? true : undefined));
  await running.stop();
});
