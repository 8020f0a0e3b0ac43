// Documented statuses: each one of each route is provoked, and no route answers with another.
import { createHash, randomUUID } from 'node:crypto';
import http from 'node:http';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Operation } from '../dev/access/operations.ts';
import { holdPresence } from '../ledger/presence.ts';
import { type Asked, requestOf } from './support/access-matrix/ask.ts';
import { called } from './support/access-matrix/call.ts';
import { provocations } from './support/access-matrix/provocations.ts';
import { startWholeApi, type WholeApi } from './support/access-matrix/whole-api.ts';
import { callerOf } from './support/access-matrix/world.ts';
import { startTestApi } from './support/api.ts';
import { createGatewayToken } from './support/people.ts';
import { until } from './support/soak.ts';

let whole: WholeApi;

beforeAll(async () => {
  whole = await startWholeApi();
});
afterAll(() => whole?.close());

const withQuery = (asked: Asked): Asked => ({
  ...asked,
  address: `${asked.address}${asked.address.includes('?') ? '&' : '?'}unknown=1`,
});
const withBody = (body: string, contentType: string) => (asked: Asked) => ({
  ...asked,
  options: { ...asked.options, body, headers: { ...asked.options.headers, 'content-type': contentType } },
});

test('what is refused by whoever asks', async () => {
  for (const ofRoute of whole.cells()) {
    for (const status of [401, 403, 404] as const) {
      const cell = ofRoute.find(({ expected }) => expected === status);
      if (cell !== undefined) await whole.provoke(cell);
    }
  }
});

test('what cannot be read', async () => {
  for (const cell of whole.allowed()) {
    await whole.provoke(cell, withQuery);
    if (!cell.operation.answers.has(413)) continue;
    await whole.provoke(cell, withBody('{"name":', 'application/json'));
    await whole.provoke(cell, withBody('hello', 'text/plain'));
    await whole.provoke(cell, withBody(`{"name":"${'x'.repeat(5_000_000)}"}`, 'application/json'));
  }
});

test('what succeeds', async () => {
  for (const cell of whole.allowed())
    await whole.provoke(cell, undefined, (await whole.stageFor(cell)).world);
  const worker = await whole.temporal.createWorker({ taskQueue: whole.taskQueue, activities: {} });
  const presence = await whole.pool.connect();
  await holdPresence(presence, whole.taskQueue);
  await worker.runUntil(async () => {
    const ready = whole.cellOf('GET /readyz');
    await until('a worker to be seen', async () => (await whole.provoke(ready)).status === 200);
  });
  presence.release(true);
}, 300_000);

test('what stands in the way', async () => {
  for (const { routes, status, as, before, spoil } of provocations) {
    for (const route of routes) {
      const cell = whole.cellOf(route, as);
      const stage = await whole.stageFor(cell);
      await before?.(stage);
      const answer = await whole.provoke(cell, spoil && ((asked) => spoil(asked, stage)), stage.world);
      expect([route, answer.status, answer.body]).toEqual([route, status, expect.any(String)]);
    }
  }
});

test('an Idempotency-Key that was used for something else, or is in use', async () => {
  for (const cell of whole.allowed().filter(({ operation }) => operation.answers.has(422))) {
    const stage = await whole.stageFor(cell);
    const key = randomUUID();
    const again = (content: object) => (asked: Asked) => ({
      ...asked,
      options: {
        ...asked.options,
        ...(asked.options.body !== undefined && { body: { ...Object(asked.options.body), ...content } }),
        headers: { ...asked.options.headers, 'idempotency-key': key },
      },
    });
    await whole.provoke(cell, again({}), stage.world);
    for (const content of OTHER_CONTENTS) await whole.provoke(cell, again(content), stage.world);
  }
  const cell = whole.cellOf('POST /v1/me/payment-methods');
  const stage = await whole.stageFor(cell);
  const caller = `person:${stage.personId}`;
  const used = (key: string, hash: string) =>
    whole.pool.query(
      `insert into idempotency_keys (caller, key, request_hash, resource_id, claimed_at)
       values ($1, $2, decode($3, 'hex'), gen_random_uuid(), $4)`,
      [caller, key, hash, new Date(Date.now() + 20_000)],
    );
  const content = JSON.stringify(['POST', '/v1/me/payment-methods', null]);
  await used('in-use', createHash('sha256').update(content).digest('hex'));
  await used('other', '00');
  for (const key of ['in-use', 'other']) {
    const headers = { 'idempotency-key': key };
    await whole.provoke(cell, (asked) => ({ ...asked, options: { ...asked.options, headers } }), stage.world);
  }
});

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
  for (const cell of whole.allowed().filter(({ operation }) => isBounded(operation))) {
    const { world: own } = await whole.stageFor(cell);
    await whole.provoke(cell, undefined, own);
    await whole.pool.query('update rate_limits set points = 100000');
    expect([cell.line.route, (await whole.provoke(cell, undefined, own)).status]).toEqual([
      cell.line.route,
      429,
    ]);
    await whole.pool.query('delete from rate_limits');
  }
  const events = whole.cellOf('GET /v1/accounts/{accountId}/events');
  const { address, options } = requestOf(whole.world, events);
  const streams = await Promise.all(
    Array.from({ length: 201 }, () => whole.api.call(events.operation.method, address, options)),
  );
  for (const stream of streams) {
    if (stream.status !== 200) whole.keep(events.operation, await called(stream));
    else await stream.body?.cancel();
  }
  await crowdUsage();
});

/** Bodies that are announced take room until they are there; one that does not come is given up. */
async function crowdUsage(): Promise<void> {
  const { operation } = whole.cellOf('POST /v1/usage');
  const { token } = callerOf(whole.world, 'gateway');
  const announce = () =>
    new Promise<void>((resolve) => {
      const headers = {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'content-length': 4_000_000,
      };
      const request = http.request(
        `${whole.api.url}/v1/usage`,
        { method: 'POST', headers },
        async (response) => {
          const chunks: Buffer[] = [];
          for await (const chunk of response) chunks.push(Buffer.from(chunk));
          const status = response.statusCode ?? 0;
          const contentType = response.headers['content-type'] ?? '';
          whole.keep(operation, { status, contentType, body: Buffer.concat(chunks).toString() });
          request.destroy();
          resolve();
        },
      );
      request.on('error', () => resolve());
      request.flushHeaders();
    });
  await Promise.all(Array.from({ length: 6 }, announce));
}

test('a gateway token that may not record usage', async () => {
  const token = await createGatewayToken(whole.pool, ['explicit-cost']);
  const { status } = await whole.provoke(whole.cellOf('POST /v1/usage'), (asked) => ({
    ...asked,
    options: { ...asked.options, token },
  }));
  expect(status).toBe(403);
});

test('settings and pages of another site', async () => {
  const scrape = whole.cellOf('GET /metrics');
  const others = [
    { COFFER_METRICS_TOKEN: 'only-for-the-scraper' },
    { COFFER_BASE_URL: 'https://credits.example.com' },
  ];
  for (const environment of others) {
    const other = await startTestApi({ url: whole.postgres.address }, { environment });
    whole.keep(scrape.operation, await called(await other.call('GET', '/metrics')));
    await other.close();
  }
  await whole.provoke(whole.cellOf('POST /billing/recover/{topUpId}'), (asked) => ({
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
  await whole.pool.query('alter schema public rename to elsewhere');
  // who asks is still known there
  for (const method of ['GET', 'POST'])
    await whole.provoke(whole.cellOf(`${method} /billing/recover/{topUpId}`));
  await whole.pool.query('alter schema auth rename to elsewhere_too');
  try {
    for (const cell of whole.allowed()) await whole.provoke(cell);
  } finally {
    await whole.pool.query(
      'alter schema elsewhere rename to public; alter schema elsewhere_too rename to auth',
    );
  }
});

test('a database that is away is a 503', async () => {
  await whole.postgres.kill();
  for (const cell of whole.allowed()) await whole.provoke(cell);
});

test('every documented status was seen, and no other', () => {
  expect(whole.difference()).toEqual({ missing: [], strange: [] });
});
