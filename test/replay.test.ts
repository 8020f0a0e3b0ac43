// Replay: a trace becomes the same events every time, and is sent until every event has an answer.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { sendEvents } from '../dev/replay/sender.ts';
import { keptShift } from '../dev/replay/shift.ts';
import { eventId, parseTrace, shiftToEndAt, traceEvents } from '../dev/replay/trace.ts';
import { dayOf } from '../ledger/intake/day.ts';

const TEXT =
  'TIMESTAMP,ContextTokens,GeneratedTokens\r\n2023-11-16 18:17:03.9799600,4808,10\r\n2023-11-16 18:17:04.0319600,3180,8';
const KEYS = ['key-a', 'key-b', 'key-c'];

test('every row is read, with and without a last line feed', () => {
  const trace = parseTrace(TEXT);
  expect(trace.rows).toEqual([
    { atMs: Date.parse('2023-11-16T18:17:03.979Z'), inputTokens: 4808, outputTokens: 10 },
    { atMs: Date.parse('2023-11-16T18:17:04.031Z'), inputTokens: 3180, outputTokens: 8 },
  ]);
  expect(parseTrace(`${TEXT}\r\n`).rows).toEqual(trace.rows);
});

test.each([
  ['other columns', 'a,b,c\n1,2,3', 'A trace has the columns'],
  ['no rows', 'TIMESTAMP,ContextTokens,GeneratedTokens\n', 'no requests'],
  [
    'a wrong time',
    'TIMESTAMP,ContextTokens,GeneratedTokens\nyesterday,1,1',
    'Request 1: "yesterday" is not a time',
  ],
  [
    'negative tokens',
    'TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03,-1,1',
    'is not a number of tokens',
  ],
])('%s are refused in one line', (_what, text, line) => {
  expect(() => parseTrace(text)).toThrow(line);
});

test('the shipped trace becomes valid events, over the keys in turn, with the last one now', () => {
  const trace = parseTrace(readFileSync(new URL('../dev/demo/trace.csv', import.meta.url), 'utf8'));
  const now = Date.parse('2026-05-01T00:00:01Z');
  const events = traceEvents(trace, { shiftMs: shiftToEndAt(trace, now), model: 'm', apiKeyIds: KEYS });
  expect(events).toHaveLength(1200);
  expect(new Set(events.map(({ id }) => id)).size).toBe(1200);
  expect(events.map(({ apiKeyId }) => apiKeyId).slice(0, 4)).toEqual(['key-a', 'key-b', 'key-c', 'key-a']);
  expect(Math.max(...events.map(({ occurredAt }) => Date.parse(occurredAt)))).toBe(now);
});

test('an id is a UUIDv7 of its time that file and row decide', () => {
  const at = new Date('2026-05-01T12:00:00.123Z');
  const id = eventId('file', 7, at.getTime());
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(dayOf(id, at)).toMatchObject({ probe: false });
  expect(eventId('file', 7, at.getTime())).toBe(id);
  expect(eventId('file', 8, at.getTime())).not.toBe(id);
  expect(eventId('other', 7, at.getTime())).not.toBe(id);
});

test('the shift of a file is chosen once', () => {
  const home = mkdtempSync(join(tmpdir(), 'coffer-replay-'));
  try {
    const trace = parseTrace(TEXT);
    const first = keptShift(home, trace, new Date('2026-05-01T00:00:00Z'));
    expect(first).toBe(Date.parse('2026-05-01T00:00:00Z') - Date.parse('2023-11-16T18:17:04.031Z'));
    expect(keptShift(home, trace, new Date('2026-06-01T00:00:00Z'))).toBe(first);
    expect(keptShift(home, parseTrace(`${TEXT}\n`), new Date('2026-06-01T00:00:00Z'))).not.toBe(first);
  } finally {
    rmSync(home, { recursive: true });
  }
});

test('what is not answered is sent again, and every answer is counted once', async () => {
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    const turn = requests;
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      if (turn === 1) return request.socket.destroy();
      if (turn === 2) return response.writeHead(503).end();
      if (turn === 3) return response.writeHead(429, { 'retry-after': '0' }).end();
      const results = JSON.parse(body).map(({ id, inputTokens }: { id: string; inputTokens: number }) =>
        inputTokens === 4808
          ? { id, status: 'recorded', cost: '0.000000001' }
          : { id, status: 'duplicate', cost: '0.50' },
      );
      return response.end(JSON.stringify({ results }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  try {
    const events = traceEvents(parseTrace(TEXT), { shiftMs: 0, model: 'm', apiKeyIds: KEYS });
    const options = {
      baseUrl: `http://127.0.0.1:${port}`,
      gatewayToken: 't',
      batch: 2,
      concurrency: 1,
      patienceMs: 10_000,
    };
    const totals = await sendEvents(events, options);
    expect(totals).toMatchObject({
      recorded: 1,
      duplicate: 1,
      retries: 3,
      recordedCost: 1n,
      duplicateCost: 500_000_000n,
    });
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
