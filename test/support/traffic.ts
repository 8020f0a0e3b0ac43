// Usage for tests of the whole: events like those of the demo's trace, what they cost by arithmetic of their own, and a gateway that sends them.
import { readFileSync } from 'node:fs';
import type { Pool } from 'pg';
import { v7 as uuidv7 } from 'uuid';
import type { Dice } from './soak.ts';

export interface TestEvent {
  readonly id: string;
  readonly apiKeyId: string;
  readonly model: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly occurredAt: string;
}

/** Femto-dollars a token that never come out even, so that every cost has to be rounded. */
const INPUT_RATE = 150_000_003n;
const OUTPUT_RATE = 600_000_011n;
const FEMTOS_PER_NANO = 1_000_000n;
export const TEST_MODEL = 'chaos-1';

/** Gives the one model of these tests its price. */
export async function priceTestModel(pool: Pool): Promise<void> {
  await pool.query(
    `insert into prices (model, effective_from, input, cached_input, cache_write, output,
       batch_input, batch_cached_input, batch_cache_write, batch_output, source, created_at)
     values ($1, '1970-01-01', $2, $2, $2, $3, $2, $2, $2, $3, 'test', '1970-01-01')`,
    [TEST_MODEL, INPUT_RATE, OUTPUT_RATE],
  );
}

/** What an event costs in nanos, rounded half-even; shares nothing with the ledger's own arithmetic. */
export function expectedCost({ inputTokens, outputTokens }: TestEvent): bigint {
  const femtos = BigInt(inputTokens) * INPUT_RATE + BigInt(outputTokens) * OUTPUT_RATE;
  const below = femtos / FEMTOS_PER_NANO;
  const twice = (femtos % FEMTOS_PER_NANO) * 2n;
  const up = twice > FEMTOS_PER_NANO || (twice === FEMTOS_PER_NANO && below % 2n === 1n);
  return up ? below + 1n : below;
}

export function expectedCosts(events: Iterable<TestEvent>): bigint {
  let sum = 0n;
  for (const event of events) sum += expectedCost(event);
  return sum;
}

const trace = readFileSync(new URL('../../dev/demo/trace.csv', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .slice(1)
  .map((line) => line.split(',').slice(1).map(Number));

/** `count` requests of the trace as new events of now, from a place that the dice choose. */
export function traceEvents(dice: Dice, apiKeyIds: readonly string[], count: number): TestEvent[] {
  const from = dice.between(0, trace.length - 1);
  const occurredAt = new Date().toISOString();
  return Array.from({ length: count }, (_, i) => {
    const [inputTokens = 0, outputTokens = 0] = trace[(from + i) % trace.length] ?? [];
    return {
      id: uuidv7(),
      apiKeyId: dice.pick(apiKeyIds),
      model: TEST_MODEL,
      inputTokens,
      outputTokens,
      occurredAt,
    };
  });
}

/** One event that costs about this many cents. */
export function eventOfCents(apiKeyId: string, cents: number): TestEvent {
  const inputTokens = Number((BigInt(cents) * 10_000_000n * FEMTOS_PER_NANO) / INPUT_RATE);
  return {
    id: uuidv7(),
    apiKeyId,
    model: TEST_MODEL,
    inputTokens,
    outputTokens: 1,
    occurredAt: new Date().toISOString(),
  };
}

/** Cuts events into requests of 1 to `most` events. */
export function requestsOf(dice: Dice, events: readonly TestEvent[], most = 100): TestEvent[][] {
  const requests: TestEvent[][] = [];
  for (let at = 0; at < events.length; ) {
    const size = dice.between(1, most);
    requests.push(events.slice(at, at + size));
    at += size;
  }
  return requests;
}

/** Nanos of a decimal of dollars as the API writes it. */
export function nanosOf(dollars: string): bigint {
  const [, sign = '', whole = '', fraction = ''] = /^(-?)(\d+)(?:\.(\d{1,9}))?$/.exec(dollars) ?? [];
  if (whole === '') throw new Error(`${dollars} is no amount`);
  const nanos = BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'));
  return sign === '-' ? -nanos : nanos;
}

interface UsageResult {
  readonly id: string;
  readonly status: string;
  readonly cost?: string;
}

/** Posts one request of usage; undefined when it was not acknowledged (no answer, or one other than 200). */
export async function postUsage(
  url: string,
  token: string,
  events: readonly TestEvent[],
): Promise<readonly UsageResult[] | undefined> {
  try {
    const response = await fetch(`${url}/v1/usage`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(events),
      signal: AbortSignal.timeout(20_000),
    });
    const text = await response.text();
    if (!response.ok) return undefined;
    const { results }: { results: UsageResult[] } = JSON.parse(text);
    return results;
  } catch {
    return undefined;
  }
}

/** Sends requests over `lanes` connections; `onAnswer` gets what was acknowledged. Stops early once `stop` says so. */
export async function sendAll(
  url: string,
  token: string,
  requests: readonly TestEvent[][],
  onAnswer: (request: readonly TestEvent[], results: readonly UsageResult[] | undefined) => void,
  { lanes = 4, stop = () => false }: { lanes?: number; stop?: () => boolean } = {},
): Promise<void> {
  const waiting = [...requests];
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined && !stop(); next = waiting.shift()) {
      onAnswer(next, await postUsage(url, token, next));
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
