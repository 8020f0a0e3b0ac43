// Usage intake on a real Postgres: what is recorded, once, at which cost, and what bad input gets.
import { createServer, type Server, request as sendRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { createUsageHandler } from '../api/intake/handler.ts';
import { Intake } from '../api/intake/intake.ts';
import { createPool, type Pool } from '../ledger/database.ts';
import { PriceBook } from '../ledger/intake/price-book.ts';
import { recordWaitingUsage } from '../ledger/intake/unpriced-usage.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { createKey, createTeam } from './support/people.ts';

interface Result {
  id: string | null;
  status: string;
  cost?: string;
  problem?: { code: string; detail?: string };
}

let database: TestDatabase;
let pool: Pool;
let flushPool: Pool;
let intake: Intake;
let server: Server;
let url: string;
const crossings: string[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool(database.url, { applicationName: 'intake test' });
  flushPool = createPool(database.url, { applicationName: 'intake test flush', lockTimeoutMs: 250 });
  await database.pool.query(
    `insert into prices (model, effective_from, input, cached_input, cache_write, output,
       batch_input, batch_cached_input, batch_cache_write, batch_output, source, created_at)
     values ('m', '1970-01-01', 150000000, 75000000, 150000000, 600000000, 75000000, 75000000, 75000000, 300000000, 'test', now())`,
  );
  intake = new Intake({
    pool,
    flushPool,
    clock: () => new Date(),
    onCrossing: ({ accountId }) => crossings.push(accountId),
    onUnpriced: () => undefined,
  });
  const handle = createUsageHandler({
    intake,
    authenticate: (authorization) =>
      authorization === 'Bearer good'
        ? { scopes: new Set(['usage']) }
        : authorization === 'Bearer priced'
          ? { scopes: new Set(['usage', 'explicit-cost']) }
          : undefined,
    onFailure: (error) => console.error(error),
  });
  server = createServer((request, response) => handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/usage`;
});

afterAll(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await intake.drain();
  await pool.end();
  await flushPool.end();
  await database.drop();
});

async function post(body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { authorization: 'Bearer good', 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

async function record(body: unknown, headers: Record<string, string> = {}): Promise<Result[]> {
  const response = await post(body, headers);
  expect(response.status).toBe(200);
  return ((await response.json()) as { results: Result[] }).results;
}

async function freshKey(): Promise<{
  accountId: string;
  keyId: string;
  event: (more?: object) => Record<string, unknown>;
}> {
  const team = await createTeam(database.pool);
  const key = await createKey(database.pool, { accountId: team.accountId, memberId: team.owner.personId });
  const event = (more: object = {}) => ({
    id: uuidv7(),
    apiKeyId: key.apiKeyId,
    model: 'm',
    inputTokens: 1000,
    outputTokens: 10,
    occurredAt: new Date().toISOString(),
    ...more,
  });
  return { accountId: team.accountId, keyId: key.apiKeyId, event };
}

async function standing(accountId: string) {
  const { rows } = await database.pool.query(
    `select b.pending, b.open_cost, b.pending_count,
       (select coalesce(sum(cost), 0) from usage_events e where e.account_id = b.account_id)::text as events_cost,
       (select count(*) from usage_events e where e.account_id = b.account_id)::text as events,
       (select coalesce(sum(cost), 0) from usage_rollups r where r.account_id = b.account_id)::text as rolled
     from account_balances b where account_id = $1`,
    [accountId],
  );
  return rows[0] as Record<
    'pending' | 'open_cost' | 'pending_count' | 'events_cost' | 'events' | 'rolled',
    string
  >;
}

test('an event is priced, deducted and counted once, however often it is sent', async () => {
  const { accountId, event } = await freshKey();
  const one = event();
  const [first] = await record(one);
  // 1000 × 150,000,000 + 10 × 600,000,000 femto = 156,000 nanos
  expect(first).toEqual({ id: one['id'], status: 'recorded', cost: '0.000156' });
  expect(await record([one, one])).toEqual([
    { id: one['id'], status: 'duplicate', cost: '0.000156' },
    { id: one['id'], status: 'duplicate', cost: '0.000156' },
  ]);
  expect(await standing(accountId)).toEqual({
    pending: '-156000',
    open_cost: '156000',
    pending_count: '1',
    events_cost: '156000',
    events: '1',
    rolled: '156000',
  });
  expect(crossings).toContain(accountId);
});

test('the same id with other content is a conflict, also in one request, past midnight and in a race', async () => {
  const { event, accountId } = await freshKey();
  const midnight = new Date();
  midnight.setUTCHours(0, 0, 0, 0);
  const before = new Date(midnight.getTime() - 1000).toISOString();
  const after = new Date(midnight.getTime() + 1000).toISOString();
  const opaque = event({ id: 'request-1', occurredAt: before });
  expect((await record(opaque))[0]?.status).toBe('recorded');
  expect((await record({ ...opaque, occurredAt: after }))[0]?.status).toBe('conflict');
  expect((await record({ ...opaque, inputTokens: 2 }))[0]?.status).toBe('conflict');
  const twin = event();
  const statuses = (await record([twin, { ...twin, outputTokens: 11 }, twin])).map(({ status }) => status);
  expect(statuses).toEqual(['recorded', 'conflict', 'duplicate']);
  const raced = event({ id: 'raced' });
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) => record({ ...raced, outputTokens: 10 + (index % 2) })),
  );
  const counts = answers.flat().map(({ status }) => status);
  expect(counts.filter((status) => status === 'recorded')).toHaveLength(1);
  expect(counts.filter((status) => status === 'conflict')).toHaveLength(10);
  expect((await standing(accountId)).events).toBe('3');
});

test('in an array only the bad events are rejected, each with its reason', async () => {
  const { event, accountId } = await freshKey();
  const long = 'x'.repeat(256);
  const bad: [object, string][] = [
    [{ inputTokens: -1 }, 'usage-invalid'],
    [{ inputTokens: 1.5 }, 'usage-invalid'],
    [{ inputTokens: 100_000_001 }, 'usage-invalid'],
    [{ inputTokens: '5' }, 'usage-invalid'],
    [{ cachedInputTokens: 1001 }, 'usage-invalid'],
    [{ id: long }, 'usage-invalid'],
    [{ id: '' }, 'usage-invalid'],
    [{ id: 'a\0b' }, 'usage-invalid'],
    [{ id: '\ud800' }, 'usage-invalid'],
    [{ metadata: { a: '\0' } }, 'usage-invalid'],
    [{ occurredAt: new Date(Date.now() - 36 * 86_400_000).toISOString() }, 'usage-too-old'],
    [{ occurredAt: new Date(Date.now() + 6 * 60_000).toISOString() }, 'usage-ahead-of-time'],
    [{ occurredAt: 'yesterday' }, 'usage-invalid'],
    [{ apiKeyId: uuidv7() }, 'api-key-unknown'],
    [{ cost: '1.00' }, 'cost-not-allowed'],
    [{ unknownField: 1 }, 'usage-invalid'],
  ];
  const results = await record([event(), ...bad.map(([more]) => event(more)), event(), 5, null]);
  expect(results.slice(1, 1 + bad.length).map(({ problem }) => problem?.code)).toEqual(
    bad.map(([, code]) => code),
  );
  expect(results.filter(({ status }) => status === 'recorded')).toHaveLength(2);
  expect((await standing(accountId)).events).toBe('2');
  const kept = await database.pool.query(
    "select count(*)::int as count from rejected_usage where received_at > now() - interval '1 minute'",
  );
  expect(kept.rows[0].count).toBeGreaterThanOrEqual(bad.length);
});

test('a broken NDJSON line is rejected alone', async () => {
  const { event } = await freshKey();
  const body = `${JSON.stringify(event())}\n{"broken\n\n${JSON.stringify(event())}`;
  const results = await record(body, { 'content-type': 'application/x-ndjson' });
  expect(results.map(({ status }) => status)).toEqual(['recorded', 'rejected', 'recorded']);
});

test.each([
  ['malformed JSON', '{', {}, 400, 'request-malformed'],
  ['a foreign content type', '{}', { 'content-type': 'text/plain' }, 415, 'content-type-unsupported'],
  ['a compressed body', '{}', { 'content-encoding': 'gzip' }, 415, 'content-type-unsupported'],
  ['no token', '{}', { authorization: '' }, 401, 'unauthenticated'],
  ['a wrong token', '{}', { authorization: 'Bearer bad' }, 401, 'unauthenticated'],
  ['a body over the bound', `"${'x'.repeat(5_000_000)}"`, {}, 413, 'body-too-large'],
  ['too many events', JSON.stringify(new Array(5001).fill(1)), {}, 413, 'too-many-events'],
])('%s is answered with a problem', async (_name, body, headers, status, code) => {
  const response = await post(body, headers);
  expect(response.status).toBe(status);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  expect(((await response.json()) as { code: string }).code).toBe(code);
});

test('usage of a key revoked since counts when it occurred before, and is rejected when after', async () => {
  const { event, keyId } = await freshKey();
  const revokedAt = new Date(Date.now() - 3_600_000);
  const { rows } = await database.pool.query('select member_id from api_keys where id = $1', [keyId]);
  await database.pool.query(
    'update api_keys set created_at = created_at, revoked_at = $2, revoked_by = $3 where id = $1',
    [keyId, revokedAt, rows[0].member_id],
  );
  const earlier = new Date(revokedAt.getTime() - 60_000).toISOString();
  const results = await record([event({ occurredAt: earlier }), event()]);
  expect(results.map(({ status, problem }) => problem?.code ?? status)).toEqual([
    'recorded',
    'api-key-revoked',
  ]);
});

test('usage of a model without a price waits, and the same id is known meanwhile', async () => {
  const { event, accountId } = await freshKey();
  const one = event({ model: `new-${uuidv7()}` });
  const [first] = await record(one);
  expect(first?.status).toBe('recorded');
  expect(first?.cost).toBeUndefined();
  expect(first?.problem?.code).toBe('usage-unpriced');
  expect((await record(one))[0]?.status).toBe('duplicate');
  expect((await record({ ...one, model: 'm' }))[0]?.status).toBe('conflict');
  expect(await standing(accountId)).toMatchObject({ pending: '0', events: '0' });
});

test('an explicit cost needs the scope and is deducted as given', async () => {
  const { event, accountId } = await freshKey();
  const [result] = await record(event({ cost: '1.000000001', model: 'tool-call' }), {
    authorization: 'Bearer priced',
  });
  expect(result).toMatchObject({ status: 'recorded', cost: '1.000000001' });
  expect((await standing(accountId)).pending).toBe('-1000000001');
});

test('an account that is locked elsewhere does not hold up the others', async () => {
  const locked = await freshKey();
  const free = await freshKey();
  const blocker = await database.pool.connect();
  await blocker.query('begin');
  await blocker.query('select 1 from account_balances where account_id = $1 for update', [locked.accountId]);
  const waiting = record(locked.event());
  const others = await Promise.all([record(free.event()), record(free.event())]);
  expect(others.flat().map(({ status }) => status)).toEqual(['recorded', 'recorded']);
  await blocker.query('commit');
  blocker.release();
  expect((await waiting)[0]?.status).toBe('recorded');
});

test('what was recorded can be neither changed nor removed', async () => {
  const { event, accountId } = await freshKey();
  await record(event());
  for (const statement of [
    'update usage_events set cost = 0 where account_id = $1',
    'delete from usage_events where account_id = $1',
  ]) {
    await expect(database.pool.query(statement, [accountId])).rejects.toMatchObject({
      constraint: 'record-immutable',
    });
  }
});

test('any mix of events, repetitions and conflicts leaves pending equal to what was recorded', async () => {
  const teams = await Promise.all([freshKey(), freshKey(), freshKey()]);
  const sent = teams.flatMap(({ event }) =>
    Array.from({ length: 60 }, () => event({ outputTokens: Math.floor(Math.random() * 500) })),
  );
  const bodies = Array.from({ length: 30 }, () =>
    Array.from({ length: 20 }, () => sent[Math.floor(Math.random() * sent.length)]),
  );
  await Promise.all(bodies.map((body) => record(body)));
  await record(sent);
  for (const { accountId } of teams) {
    const { pending, events_cost, rolled, events } = await standing(accountId);
    expect(events).toBe('60');
    expect(pending).toBe(`-${events_cost}`);
    expect(rolled).toBe(events_cost);
  }
});

test('usage that waited for a price is recorded once when there is one, at the price of its time', async () => {
  const { event, accountId } = await freshKey();
  const model = `late-${uuidv7()}`;
  await record([event({ model }), event({ model })]);
  await database.pool.query(
    `insert into prices (model, effective_from, input, cached_input, cache_write, output,
       batch_input, batch_cached_input, batch_cache_write, batch_output, source, created_at)
     values ($1, '1970-01-01', 1000000, 0, 0, 0, 0, 0, 0, 0, 'test', now())`,
    [model],
  );
  const runs = await Promise.all(
    [1, 2, 3].map(() => recordWaitingUsage(pool, new PriceBook(pool), new Date())),
  );
  expect(runs.reduce((total, { recorded }) => total + recorded, 0)).toBe(2);
  expect(await standing(accountId)).toMatchObject({ pending: '-2000', events: '2', rolled: '2000' });
});

test('an event nested too deeply to read is rejected alone', async () => {
  const { event } = await freshKey();
  const depth = 100_000;
  const deep = JSON.stringify(event({ metadata: { a: 'DEEP' } })).replace(
    '"DEEP"',
    '['.repeat(depth) + ']'.repeat(depth),
  );
  const results = await record(`[${JSON.stringify(event())},${deep},${JSON.stringify(event())}]`);
  expect(results.map(({ status }) => status)).toEqual(['recorded', 'rejected', 'recorded']);
});

test('an event with a member called "unreadable" is rejected alone, as with any unknown member', async () => {
  const { event } = await freshKey();
  const results = await record([event(), event({ unreadable: 5 }), { unreadable: { a: 1 } }, event()]);
  expect(results.map(({ status }) => status)).toEqual(['recorded', 'rejected', 'rejected', 'recorded']);
  expect(results[1]?.problem?.code).toBe('usage-invalid');
});

test('millions of short lines are refused without being read to the end', async () => {
  const began = performance.now();
  const response = await post('x\n'.repeat(2_000_000), { 'content-type': 'application/x-ndjson' });
  expect(response.status).toBe(413);
  expect(performance.now() - began).toBeLessThan(3_000);
});

test('a reader who holds the table while a new day begins stops nobody from recording', async () => {
  const { event } = await freshKey();
  let now = new Date();
  const another = new Intake({
    pool,
    flushPool,
    clock: () => now,
    onCrossing: () => undefined,
    onUnpriced: () => undefined,
  });
  const statusOf = async (occurredAt: Date) =>
    (await another.record([event({ occurredAt: occurredAt.toISOString() })], false))[0]?.status;
  expect(await statusOf(now)).toBe('recorded');
  const reader = await database.pool.connect();
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

test('thousands of events without a price in one request wait each once, in the order given', async () => {
  const [one, other] = [await freshKey(), await freshKey()];
  const events = Array.from({ length: 3_000 }, (_, i) =>
    (i % 2 ? one : other).event({ model: 'unheard-of' }),
  );
  const results = await record([...events, events[7], { ...events[8], outputTokens: 11 }, one.event()]);
  expect(results.map(({ id }) => id)).toEqual([
    ...events.map(({ id }) => id),
    events[7]?.['id'],
    events[8]?.['id'],
    results.at(-1)?.id,
  ]);
  expect(results.slice(0, 3_000).every(({ status }) => status === 'recorded')).toBe(true);
  expect(results.slice(3_000).map(({ status }) => status)).toEqual(['duplicate', 'conflict', 'recorded']);
});

test('a body far over the bound is too large for good, not too much for now', async () => {
  const headers = {
    authorization: 'Bearer good',
    'content-type': 'application/json',
    'content-length': 1_000_000_000,
  };
  const status = await new Promise((resolve, reject) => {
    const request = sendRequest(url, { method: 'POST', headers }, (response) => {
      resolve(response.statusCode);
      request.destroy();
    });
    request.once('error', reject);
    request.flushHeaders();
  });
  expect(status).toBe(413);
});

test('a day whose partition has gone is made again, and its usage is recorded', async () => {
  const { event, accountId } = await freshKey();
  const threeDaysAgo = new Date(Date.now() - 3 * 86_400_000);
  const one = () => event({ id: `old-${uuidv7()}`, occurredAt: threeDaysAgo.toISOString() });
  await record(
    event({ id: `older-${uuidv7()}`, occurredAt: new Date(Date.now() - 5 * 86_400_000).toISOString() }),
  );
  const name = `usage_events_${threeDaysAgo.toISOString().slice(0, 10).replaceAll('-', '')}`;
  await database.pool.query(`drop table ${name}`);
  expect((await record(one()))[0]?.status).toBe('recorded');
  expect((await standing(accountId)).events).toBe('2');
});
