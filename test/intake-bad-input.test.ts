// Usage intake: what bad input gets, and that nothing beside it is lost.
import { request as sendRequest } from 'node:http';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { startTestIntake, type TestIntake } from './support/intake.ts';

let intake: TestIntake;

beforeAll(async () => {
  intake = await startTestIntake();
});
afterAll(() => intake?.close());

test('in an array only the bad events are rejected, each with its reason', async () => {
  const { event, accountId } = await intake.freshKey();
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
    [{ occurredAt: `${new Date().getUTCFullYear()}-02-30T10:00:00Z` }, 'usage-invalid'],
    [{ apiKeyId: uuidv7() }, 'api-key-unknown'],
    [{ cost: '1.00' }, 'cost-not-allowed'],
    [{ unknownField: 1 }, 'usage-invalid'],
  ];
  const results = await intake.record([event(), ...bad.map(([more]) => event(more)), event(), 5, null]);
  expect(results.slice(1, 1 + bad.length).map(({ problem }) => problem?.code)).toEqual(
    bad.map(([, code]) => code),
  );
  expect(results.filter(({ status }) => status === 'recorded')).toHaveLength(2);
  expect((await intake.standing(accountId)).events).toBe('2');
  const kept = await intake.database.pool.query(
    "select count(*)::int as count from rejected_usage where received_at > now() - interval '1 minute'",
  );
  expect(kept.rows[0].count).toBeGreaterThanOrEqual(bad.length);
});

test('a broken NDJSON line is rejected alone', async () => {
  const { event } = await intake.freshKey();
  const body = `${JSON.stringify(event())}\n{"broken\n\n${JSON.stringify(event())}`;
  const results = await intake.record(body, { 'content-type': 'application/x-ndjson' });
  expect(results.map(({ status }) => status)).toEqual(['recorded', 'rejected', 'recorded']);
});

test('a line that is not UTF-8 is rejected alone, and never becomes the id of another', async () => {
  const { event, accountId } = await intake.freshKey();
  const lines = ['\xfe', 'a', '\xff'].map((id) => JSON.stringify(event({ id: `${id}b` })));
  const body = Buffer.from(lines.join('\n'), 'latin1');
  const results = await intake.record(body, { 'content-type': 'application/x-ndjson' });
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'recorded', 'rejected']);
  expect((await intake.standing(accountId)).events).toBe('1');
});

test('a byte order mark is no part of what is sent', async () => {
  const { event } = await intake.freshKey();
  const marked = () => `\ufeff${JSON.stringify(event())}`;
  const types = ['application/json; charset="UTF-8"', 'application/x-ndjson'];
  for (const type of types) {
    expect(await intake.record(marked(), { 'content-type': type })).toMatchObject([{ status: 'recorded' }]);
  }
});

test.each([
  ['malformed JSON', '{', {}, 400, 'request-malformed'],
  [
    'another charset',
    '{}',
    { 'content-type': 'application/json; charset=iso-8859-1' },
    415,
    'content-type-unsupported',
  ],
  ['a body that is not UTF-8', Buffer.from('{"id":"\xff"}', 'latin1'), {}, 400, 'request-malformed'],
  ['a foreign content type', '{}', { 'content-type': 'text/plain' }, 415, 'content-type-unsupported'],
  ['a compressed body', '{}', { 'content-encoding': 'gzip' }, 415, 'content-type-unsupported'],
  ['no token', '{}', { authorization: '' }, 401, 'unauthenticated'],
  ['a wrong token', '{}', { authorization: 'Bearer bad' }, 401, 'unauthenticated'],
  ['a body over the bound', `"${'x'.repeat(5_000_000)}"`, {}, 413, 'body-too-large'],
  ['too many events', JSON.stringify(new Array(5001).fill(1)), {}, 413, 'too-many-events'],
])('%s is answered with a problem', async (_name, body, headers, status, code) => {
  const response = await intake.post(body, headers);
  expect(response.status).toBe(status);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(((await response.json()) as { code: string }).code).toBe(code);
});

test('an event nested too deeply to read is rejected alone', async () => {
  const { event } = await intake.freshKey();
  const depth = 100_000;
  const deep = JSON.stringify(event({ metadata: { a: 'DEEP' } })).replace(
    '"DEEP"',
    '['.repeat(depth) + ']'.repeat(depth),
  );
  const results = await intake.record(`[${JSON.stringify(event())},${deep},${JSON.stringify(event())}]`);
  expect(results.map(({ status }) => status)).toEqual(['recorded', 'rejected', 'recorded']);
});

test('an event with a member called "unreadable" is rejected alone, as with any unknown member', async () => {
  const { event } = await intake.freshKey();
  const results = await intake.record([event(), event({ unreadable: 5 }), { unreadable: { a: 1 } }, event()]);
  expect(results.map(({ status }) => status)).toEqual(['recorded', 'rejected', 'rejected', 'recorded']);
  expect(results[1]?.problem?.code).toBe('usage-invalid');
});

test('millions of short lines are refused', async () => {
  const response = await intake.post('x\n'.repeat(2_000_000), { 'content-type': 'application/x-ndjson' });
  expect(response.status).toBe(413);
});

test('a body far over the bound is too large for good, not too much for now', async () => {
  const headers = {
    authorization: 'Bearer good',
    'content-type': 'application/json',
    'content-length': 1_000_000_000,
  };
  const status = await new Promise((resolve, reject) => {
    const request = sendRequest(intake.url, { method: 'POST', headers }, (response) => {
      resolve(response.statusCode);
      request.destroy();
    });
    request.once('error', reject);
    request.flushHeaders();
  });
  expect(status).toBe(413);
});

test('metadata and names that hide something or have no bound are rejected alone', async () => {
  const { event } = await intake.freshKey();
  const nested = (levels: number): unknown => (levels === 0 ? 1 : { a: nested(levels - 1) });
  const bad = [
    { metadata: { 'ri\u202Eght': 1 } },
    { metadata: { a: [{ 'line\nbreak': 1 }] } },
    { metadata: nested(9) },
    { metadata: { a: 'x'.repeat(4_096) } },
    { metadata: 'text' },
    { model: 'gpt\u2066-4' },
    { model: 'gpt\t4' },
  ];
  const good = [{ metadata: nested(8) }, { metadata: { größe: 'line\nbreak' } }];
  const results = await intake.record([...bad, ...good].map((more) => event(more)));
  expect(results.map(({ status, problem }) => problem?.code ?? status)).toEqual([
    ...bad.map(() => 'usage-invalid'),
    'recorded',
    'recorded',
  ]);
});

test('a body that trickles in is refused after its time, and its room is free for others', async () => {
  const impatient = await startTestIntake({ bodyWithinMs: 200 });
  try {
    // four of them declare all the room there is for bodies
    const statuses = Array.from({ length: 4 }, () => trickle(impatient.url, 4 * 1024 * 1024));
    expect(await Promise.all(statuses)).toEqual([408, 408, 408, 408]);
    const { event } = await impatient.freshKey();
    expect((await impatient.record(event()))[0]?.status).toBe('recorded');
  } finally {
    await impatient.close();
  }
});

/** Declares a body, sends a byte of it now and then, and tells the status of the answer. */
function trickle(url: string, bytes: number): Promise<number | undefined> {
  const headers = {
    authorization: 'Bearer good',
    'content-type': 'application/json',
    'content-length': bytes,
  };
  return new Promise((resolve, reject) => {
    const request = sendRequest(url, { method: 'POST', headers }, (response) => {
      resolve(response.statusCode);
      clearInterval(dripping);
      request.destroy();
    });
    const dripping = setInterval(() => request.write(' '), 20);
    request.once('error', (error) => {
      clearInterval(dripping);
      reject(error);
    });
  });
}
