// Usage intake on a real Postgres: what is recorded, once, at which cost, whatever else goes on.
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { Intake } from '../api/intake/intake.ts';
import { dayNumber } from '../ledger/intake/day.ts';
import { ensureUsageDays } from '../ledger/intake/record-usage.ts';
import { startTestIntake, type TestIntake } from './support/intake.ts';
import { until } from './support/soak.ts';

let intake: TestIntake;

beforeAll(async () => {
  intake = await startTestIntake();
});
afterAll(() => intake?.close());

test('an event is priced, deducted and counted once, however often it is sent', async () => {
  const { accountId, event } = await intake.freshKey();
  const one = event();
  const [first] = await intake.record(one);
  // 1000 × 150,000,000 + 10 × 600,000,000 femto = 156,000 nanos
  expect(first).toEqual({ id: one['id'], status: 'recorded', cost: '0.000156' });
  expect(await intake.record([one, one])).toEqual([
    { id: one['id'], status: 'duplicate', cost: '0.000156' },
    { id: one['id'], status: 'duplicate', cost: '0.000156' },
  ]);
  expect(await intake.standing(accountId)).toEqual({
    pending: '-156000',
    open_cost: '156000',
    pending_count: '1',
    events_cost: '156000',
    events: '1',
    rolled: '156000',
  });
  expect(intake.crossings).toContain(accountId);
});

test('the same id with other content is a conflict, also in one request, past midnight and in a race', async () => {
  const { event, accountId } = await intake.freshKey();
  const midnight = new Date();
  midnight.setUTCHours(0, 0, 0, 0);
  const before = new Date(midnight.getTime() - 1000).toISOString();
  const after = new Date(midnight.getTime() + 1000).toISOString();
  const opaque = event({ id: 'request-1', occurredAt: before });
  expect((await intake.record(opaque))[0]?.status).toBe('recorded');
  expect((await intake.record({ ...opaque, occurredAt: after }))[0]?.status).toBe('conflict');
  expect((await intake.record({ ...opaque, inputTokens: 2 }))[0]?.status).toBe('conflict');
  const twin = event();
  const statuses = (await intake.record([twin, { ...twin, outputTokens: 11 }, twin])).map(
    ({ status }) => status,
  );
  expect(statuses).toEqual(['recorded', 'conflict', 'duplicate']);
  const raced = event({ id: 'raced' });
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) => intake.record({ ...raced, outputTokens: 10 + (index % 2) })),
  );
  const counts = answers.flat().map(({ status }) => status);
  expect(counts.filter((status) => status === 'recorded')).toHaveLength(1);
  expect(counts.filter((status) => status === 'conflict')).toHaveLength(10);
  expect((await intake.standing(accountId)).events).toBe('3');
});

test('usage of a key revoked since counts when it occurred before, and is rejected when after', async () => {
  const { event, keyId } = await intake.freshKey();
  const revokedAt = new Date(Date.now() - 3_600_000);
  await intake.database.pool.query('update api_keys set revoked_at = $2 where id = $1', [keyId, revokedAt]);
  const earlier = new Date(revokedAt.getTime() - 60_000).toISOString();
  const results = await intake.record([event({ occurredAt: earlier }), event()]);
  expect(results.map(({ status, problem }) => problem?.code ?? status)).toEqual([
    'recorded',
    'api-key-revoked',
  ]);
});

test('an explicit cost needs the scope and is deducted as given', async () => {
  const { event, accountId } = await intake.freshKey();
  const [result] = await intake.record(event({ cost: '1.000000001', model: 'tool-call' }), {
    authorization: 'Bearer priced',
  });
  expect(result).toMatchObject({ status: 'recorded', cost: '1.000000001' });
  expect((await intake.standing(accountId)).pending).toBe('-1000000001');
});

test('an account that is locked elsewhere does not hold up the others', async () => {
  const locked = await intake.freshKey();
  const free = await intake.freshKey();
  const blocker = await intake.database.pool.connect();
  await blocker.query('begin');
  await blocker.query('select 1 from account_balances where account_id = $1 for update', [locked.accountId]);
  const waiting = intake.record(locked.event());
  const others = await Promise.all([intake.record(free.event()), intake.record(free.event())]);
  expect(others.flat().map(({ status }) => status)).toEqual(['recorded', 'recorded']);
  await blocker.query('commit');
  blocker.release();
  expect((await waiting)[0]?.status).toBe('recorded');
});

test('what was recorded can be neither changed nor removed', async () => {
  const { event, accountId } = await intake.freshKey();
  await intake.record(event());
  for (const statement of [
    'update usage_events set cost = 0 where account_id = $1',
    'delete from usage_events where account_id = $1',
  ]) {
    await expect(intake.database.pool.query(statement, [accountId])).rejects.toMatchObject({
      constraint: 'record-immutable',
    });
  }
});

test('any mix of events, repetitions and conflicts leaves pending equal to what was recorded', async () => {
  const teams = await Promise.all([intake.freshKey(), intake.freshKey(), intake.freshKey()]);
  const sent = teams.flatMap(({ event }) =>
    Array.from({ length: 60 }, () => event({ outputTokens: Math.floor(Math.random() * 500) })),
  );
  const bodies = Array.from({ length: 30 }, () =>
    Array.from({ length: 20 }, () => sent[Math.floor(Math.random() * sent.length)]),
  );
  await Promise.all(bodies.map((body) => intake.record(body)));
  await intake.record(sent);
  for (const { accountId } of teams) {
    const { pending, events_cost, rolled, events } = await intake.standing(accountId);
    expect(events).toBe('60');
    expect(pending).toBe(`-${events_cost}`);
    expect(rolled).toBe(events_cost);
  }
});

test.each([
  ['a full disk', '53100'],
  ['a disk that fails', '58030'],
  ['a standby that takes no writes', '25006'],
])(
  'with %s the answer is 503, nothing of it stands, and sent again it is recorded once',
  async (_what, code) => {
    const { accountId, event } = await intake.freshKey();
    const events = [event(), event()];
    const told = jest.spyOn(console, 'error').mockImplementation(() => {});
    await intake.pool.query(`
    create function fail_to_write() returns trigger language plpgsql as $$
    begin raise exception 'it cannot be written' using errcode = '${code}'; end $$;
    create trigger cannot_be_written before insert on usage_rollups execute function fail_to_write()`);
    try {
      await expect(intake.record(events)).rejects.toThrow('database-unavailable');
      expect(await intake.standing(accountId)).toMatchObject({ pending: '0', events: '0' });
    } finally {
      await intake.pool.query('drop function fail_to_write cascade');
      told.mockRestore();
    }
    expect((await intake.record(events)).map(({ status }) => status)).toEqual(['recorded', 'recorded']);
  },
);

test('a reader who holds the table while a new day begins stops nobody from recording', async () => {
  const { event } = await intake.freshKey();
  let now = new Date();
  const another = new Intake({
    pool: intake.pool,
    flushPool: intake.flushPool,
    clock: () => now,
    onCrossing: () => undefined,
    onUnpriced: () => undefined,
  });
  const statusOf = async (occurredAt: Date) =>
    (await another.record([event({ occurredAt: occurredAt.toISOString() })], false))[0]?.status;
  expect(await statusOf(now)).toBe('recorded');
  const reader = await intake.database.pool.connect();
  try {
    await reader.query('begin; select from usage_events limit 1');
    now = new Date(now.getTime() + 86_400_000);
    expect(await statusOf(now)).toBe('recorded');
    now = new Date(now.getTime() + 2 * 86_400_000);
    await expect(statusOf(now)).rejects.toMatchObject({ code: 'overloaded' });
  } finally {
    await reader.query('rollback');
    reader.release();
  }
  expect(await statusOf(now)).toBe('recorded');
});

test('a day whose partition has gone is made again, and its usage is recorded', async () => {
  const { event, accountId } = await intake.freshKey();
  const threeDaysAgo = new Date(Date.now() - 3 * 86_400_000);
  const one = () => event({ id: `old-${uuidv7()}`, occurredAt: threeDaysAgo.toISOString() });
  await intake.record(
    event({ id: `older-${uuidv7()}`, occurredAt: new Date(Date.now() - 5 * 86_400_000).toISOString() }),
  );
  const name = `usage_events_${threeDaysAgo.toISOString().slice(0, 10).replaceAll('-', '')}`;
  await intake.database.pool.query(`drop table ${name}`);
  expect((await intake.record(one()))[0]?.status).toBe('recorded');
  expect((await intake.standing(accountId)).events).toBe('2');
});

test('two processes that make room for the same day at the same moment both succeed', async () => {
  const { pool } = intake.database;
  const [first, second] = [await pool.connect(), await pool.connect()];
  try {
    const day = dayNumber(new Date()) + 30;
    await first.query('begin');
    await ensureUsageDays(first, day, day);
    const waiting = ensureUsageDays(second, day, day);
    await until('the second to wait for the first', async () => {
      const { rows } = await pool.query(`select from pg_locks where locktype = 'advisory' and not granted`);
      return rows.length > 0;
    });
    await first.query('commit');
    await expect(waiting).resolves.toBeUndefined();
  } finally {
    first.release();
    second.release();
  }
});
