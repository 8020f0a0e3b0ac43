// Documented statuses: each one of each route is provoked, and no route answers with another.
import { createHash, randomUUID } from 'node:crypto';
import http from 'node:http';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import type { Auth } from '../api/auth.ts';
import type { Caller } from '../dev/access/callers.ts';
import { type Operation, operationsOf } from '../dev/access/operations.ts';
import { migrate } from '../ledger/migrate.ts';
import { holdPresence } from '../ledger/presence.ts';
import { type Asked, ask, requestOf } from './support/access-matrix/ask.ts';
import { type Called, called, undocumented } from './support/access-matrix/call.ts';
import { type Cell, cellsOf } from './support/access-matrix/cells.ts';
import { lines } from './support/access-matrix/lines.ts';
import { WEBHOOK_SECRET } from './support/access-matrix/lines-machines.ts';
import { provocations, type Stage } from './support/access-matrix/provocations.ts';
import { ANYBODY } from './support/access-matrix/rows.ts';
import { callerOf, createWorld, type World } from './support/access-matrix/world.ts';
import { startTestApi, type TestApi } from './support/api.ts';
import { createTestAuth } from './support/people.ts';
import { createProcesses, type Processes, type TestServer } from './support/processes.ts';
import { startTestSandbox, type TestSandbox } from './support/sandbox.ts';
import { until } from './support/soak.ts';
import { connectTestTemporal, type TestTemporal } from './support/temporal.ts';

let processes: Processes;
let postgres: TestServer;
let pool: pg.Pool;
let sandbox: TestSandbox;
let api: TestApi;
let auth: Auth;
let operations: readonly Operation[];
let world: World;
let temporal: TestTemporal;
const taskQueue = randomUUID();

/** Route → the statuses that it was seen to answer with. */
const seen = new Map<string, Set<number>>();
const strange: string[] = [];

beforeAll(async () => {
  processes = await createProcesses();
  [postgres, sandbox, temporal] = await Promise.all([
    processes.postgres(),
    startTestSandbox(),
    connectTestTemporal(),
  ]);
  await migrate(postgres.address);
  pool = new pg.Pool({ connectionString: postgres.address });
  pool.on('error', () => {});
  api = await startTestApi(
    { url: postgres.address },
    {
      environment: {
        TEMPORAL_TASK_QUEUE: taskQueue,
        STRIPE_API_BASE: sandbox.url,
        STRIPE_SECRET_KEY: 'sk_test_sandbox',
        STRIPE_WEBHOOK_SECRETS: WEBHOOK_SECRET,
      },
    },
  );
  auth = createTestAuth(pool);
  world = await createWorld(pool, auth);
  operations = operationsOf((await api.json('GET', '/openapi.json')).body);
});

afterAll(async () => {
  await api?.close();
  await sandbox?.close();
  await temporal?.close();
  await pool?.end();
  await processes?.stop();
});

const routeOf = ({ method, path }: Operation) => `${method} ${path}`;

/** Keeps what a route was seen to answer. */
function keep(operation: Operation, answer: Called): void {
  const route = routeOf(operation);
  seen.set(route, (seen.get(route) ?? new Set()).add(answer.status));
  const wrong = undocumented(operation, answer);
  if (wrong !== undefined) strange.push(`${route}: ${wrong}: ${answer.body.slice(0, 300)}`);
}

async function provoke(cell: Cell, spoil?: (asked: Asked) => Asked, inWorld = world): Promise<Called> {
  const answer = await ask(api, inWorld, cell, spoil);
  keep(cell.operation, answer);
  return answer;
}

function cells(): Cell[][] {
  return operations.map((operation) => {
    const line = lines.find(({ route }) => route === routeOf(operation));
    if (line === undefined) throw new Error(`there is no line for ${routeOf(operation)}`);
    return cellsOf(operation, line);
  });
}

/** Of each route the first cell that is allowed. */
function allowed(): Cell[] {
  return cells().flatMap((ofRoute) => ofRoute.find(({ expected }) => expected === 'yes') ?? []);
}

/** The allowed cell of a route, of the first who may or of `as`. */
function cellOf(route: string, as?: Caller): Cell {
  const found = cells()
    .flat()
    .find(
      ({ operation, caller, expected }) =>
        routeOf(operation) === route && expected === 'yes' && (as ?? caller) === caller,
    );
  if (found === undefined) throw new Error(`nobody may ${route}`);
  return found;
}

/** A world of its own for a cell that changes something. */
async function stageFor(cell: Cell): Promise<Stage> {
  const isShared = cell.operation.method === 'GET' || cell.line.row === ANYBODY;
  const own = isShared ? world : await createWorld(pool, auth, { caller: cell.caller });
  const { person, own: things } = callerOf(own, cell.caller);
  return { pool, world: own, own: things, personId: person?.personId ?? things.personId };
}

const withQuery = (asked: Asked): Asked => ({
  ...asked,
  address: `${asked.address}${asked.address.includes('?') ? '&' : '?'}unknown=1`,
});
const withBody = (body: string, contentType: string) => (asked: Asked) => ({
  ...asked,
  options: { ...asked.options, body, headers: { ...asked.options.headers, 'content-type': contentType } },
});

test('what is refused by whoever asks', async () => {
  for (const ofRoute of cells()) {
    for (const status of [401, 403, 404] as const) {
      const cell = ofRoute.find(({ expected }) => expected === status);
      if (cell !== undefined) await provoke(cell);
    }
  }
});

test('what cannot be read', async () => {
  for (const cell of allowed()) {
    await provoke(cell, withQuery);
    if (!cell.operation.answers.has(413)) continue;
    await provoke(cell, withBody('{"name":', 'application/json'));
    await provoke(cell, withBody('hello', 'text/plain'));
    await provoke(cell, withBody(`{"name":"${'x'.repeat(5_000_000)}"}`, 'application/json'));
  }
});

test('what succeeds', async () => {
  for (const cell of allowed()) await provoke(cell, undefined, (await stageFor(cell)).world);
  const worker = await temporal.createWorker({ taskQueue, activities: {} });
  const presence = await pool.connect();
  await holdPresence(presence, taskQueue);
  await worker.runUntil(async () => {
    const ready = cellOf('GET /readyz');
    await until('a worker to be seen', async () => (await provoke(ready)).status === 200);
  });
  presence.release(true);
}, 300_000);

test('what stands in the way', async () => {
  for (const { routes, status, as, before, spoil } of provocations) {
    for (const route of routes) {
      const cell = cellOf(route, as);
      const stage = await stageFor(cell);
      await before?.(stage);
      const answer = await provoke(cell, spoil && ((asked) => spoil(asked, stage)), stage.world);
      expect([route, answer.status, answer.body]).toEqual([route, status, expect.any(String)]);
    }
  }
}, 120_000);

test('an Idempotency-Key that was used for something else, or is in use', async () => {
  for (const cell of allowed().filter(({ operation }) => operation.answers.has(422))) {
    const stage = await stageFor(cell);
    const key = randomUUID();
    const again = (content: object) => (asked: Asked) => ({
      ...asked,
      options: {
        ...asked.options,
        ...(asked.options.body !== undefined && { body: { ...Object(asked.options.body), ...content } }),
        headers: { ...asked.options.headers, 'idempotency-key': key },
      },
    });
    await provoke(cell, again({}), stage.world);
    for (const content of OTHER_CONTENTS) await provoke(cell, again(content), stage.world);
  }
  const cell = cellOf('POST /v1/me/payment-methods');
  const stage = await stageFor(cell);
  const caller = `person:${stage.personId}`;
  const used = (key: string, hash: string) =>
    pool.query(
      `insert into idempotency_keys (caller, key, request_hash, resource_id, claimed_at)
       values ($1, $2, decode($3, 'hex'), gen_random_uuid(), $4)`,
      [caller, key, hash, new Date(Date.now() + 20_000)],
    );
  const content = JSON.stringify(['POST', '/v1/me/payment-methods', null]);
  await used('in-use', createHash('sha256').update(content).digest('hex'));
  await used('other', '00');
  for (const key of ['in-use', 'other']) {
    const headers = { 'idempotency-key': key };
    await provoke(cell, (asked) => ({ ...asked, options: { ...asked.options, headers } }), stage.world);
  }
}, 120_000);

/** One of these differs from what was sent before, and is valid there. */
const OTHER_CONTENTS = [
  { name: 'another' },
  { amount: '26.00' },
  { reason: 'another' },
  { email: 'b@example.com' },
];

/** Whether it is counted how often somebody calls; the others with a 429 bound what they hold at once. */
function isBounded({ method, path, answers }: Operation): boolean {
  return answers.has(429) && method === 'POST' && path !== '/v1/usage';
}

test('too much of it', async () => {
  for (const cell of allowed().filter(({ operation }) => isBounded(operation))) {
    const { world: own } = await stageFor(cell);
    await provoke(cell, undefined, own);
    await pool.query('update rate_limits set points = 100000');
    expect([cell.line.route, (await provoke(cell, undefined, own)).status]).toEqual([cell.line.route, 429]);
    await pool.query('delete from rate_limits');
  }
  const events = cellOf('GET /v1/accounts/{accountId}/events');
  const { address, options } = requestOf(world, events);
  const streams = await Promise.all(
    Array.from({ length: 201 }, () => api.call(events.operation.method, address, options)),
  );
  for (const stream of streams) {
    if (stream.status !== 200) keep(events.operation, await called(stream));
    else await stream.body?.cancel();
  }
  await crowdUsage();
}, 120_000);

/** Bodies that are announced take room until they are there; one that does not come is given up. */
async function crowdUsage(): Promise<void> {
  const { operation } = cellOf('POST /v1/usage');
  const { token } = callerOf(world, 'gateway');
  const announce = () =>
    new Promise<void>((resolve) => {
      const headers = {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'content-length': 4_000_000,
      };
      const request = http.request(`${api.url}/v1/usage`, { method: 'POST', headers }, async (response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of response) chunks.push(Buffer.from(chunk));
        const status = response.statusCode ?? 0;
        const contentType = response.headers['content-type'] ?? '';
        keep(operation, { status, contentType, body: Buffer.concat(chunks).toString() });
        request.destroy();
        resolve();
      });
      request.on('error', () => resolve());
      request.flushHeaders();
    });
  await Promise.all(Array.from({ length: 6 }, announce));
}

test('settings and pages of another site', async () => {
  const scrape = cellOf('GET /metrics');
  const others = [
    { COFFER_METRICS_TOKEN: 'only-for-the-scraper' },
    { COFFER_BASE_URL: 'https://credits.example.com' },
  ];
  for (const environment of others) {
    const other = await startTestApi({ url: postgres.address }, { environment });
    keep(scrape.operation, await called(await other.call('GET', '/metrics')));
    await other.close();
  }
  await provoke(cellOf('POST /billing/recover/{topUpId}'), (asked) => ({
    ...asked,
    options: {
      headers: {
        cookie: `coffer.session_token=${encodeURIComponent(asked.options.token ?? '')}`,
        origin: 'https://elsewhere.example.com',
      },
    },
  }));
});

test('a database that is broken is a 500', async () => {
  await pool.query('alter schema public rename to elsewhere');
  // who asks is still known there
  for (const method of ['GET', 'POST']) await provoke(cellOf(`${method} /billing/recover/{topUpId}`));
  await pool.query('alter schema auth rename to elsewhere_too');
  try {
    for (const cell of allowed()) await provoke(cell);
  } finally {
    await pool.query('alter schema elsewhere rename to public; alter schema elsewhere_too rename to auth');
  }
});

test('a database that is away is a 503', async () => {
  await postgres.kill();
  for (const cell of allowed()) await provoke(cell);
}, 120_000);

test('every documented status was seen, and no other', () => {
  const missing = operations.flatMap((operation) =>
    [...operation.answers.keys()]
      .filter((status) => seen.get(routeOf(operation))?.has(status) !== true)
      .map((status) => `${routeOf(operation)} ${status}`),
  );
  expect({ missing, strange }).toEqual({ missing: [], strange: [] });
});
