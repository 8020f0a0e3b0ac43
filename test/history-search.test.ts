// Searching the history: whatever way it takes, a filter finds the same lines in the same order, page by page.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { v7 as uuidv7 } from 'uuid';
import { type HistoryFilter, readHistory, type SearchBounds } from '../ledger/reading/history.ts';
import type { HistoryCursor } from '../ledger/reading/history-line.ts';
import { startTestIntake, type TestIntake, type TestSender } from './support/intake.ts';

const DAY_MS = 86_400_000;
const EVENTS = 600;
const DAYS = 30;

let intake: TestIntake;
let sender: TestSender;
const now = Date.now();

beforeAll(async () => {
  intake = await startTestIntake();
  sender = await intake.freshKey();
  await intake.price('often', 1n);
  await intake.price('rare', 1n);
  // recorded in the order of the list, which is not quite that of when it occurred
  const events = Array.from({ length: EVENTS }, (_, at) => {
    const occurred = now - ((EVENTS - at) / EVENTS) * DAYS * DAY_MS + (at % 7) * 3_600_000;
    // an id of a day before its usage, one of its day, and one that tells no day
    const id =
      at % 3 === 0
        ? uuidv7({ msecs: occurred - DAY_MS / 2 })
        : at % 3 === 1
          ? uuidv7({ msecs: occurred })
          : `id-${at}`;
    return sender.event({
      id,
      model: at % 97 === 5 ? 'rare' : 'often',
      occurredAt: new Date(Math.min(occurred, now)).toISOString(),
      ...(at % 4 === 0 && { batchId: `batch-${at % 50}` }),
    });
  });
  for (let at = 0; at < EVENTS; at += 100) await intake.record(events.slice(at, at + 100));
}, 60_000);
afterAll(() => intake.close());

const filters: HistoryFilter[] = [
  { model: 'rare' },
  { model: 'often' },
  { model: 'none' },
  { batchId: 'batch-8' },
  { type: 'usage', model: 'rare', batchId: 'batch-8' },
  { from: new Date(now - 20 * DAY_MS), to: new Date(now - 19 * DAY_MS) },
  { to: new Date(now - 25.5 * DAY_MS), model: 'rare' },
  { from: new Date(now - 3 * DAY_MS) },
];

const bounds = fc.record({
  window: fc.constantFrom(60n, 250n, 1_000n),
  atOnce: fc.constantFrom(0, 20, 90, 1_000),
  withinMs: fc.constantFrom(0, 60_000),
});

test('a filter finds every line once and in order, however the search goes about it', async () => {
  const whole = await Promise.all(filters.map((filter) => idsOf(filter, 1_000)));
  expect(whole[0]).toHaveLength(7);
  await fc.assert(
    fc.asyncProperty(
      fc.nat(filters.length - 1),
      bounds,
      fc.constantFrom(50, 200),
      async (of, found, limit) => {
        expect(await idsOf(filters[of] ?? {}, limit, found)).toEqual(whole[of]);
      },
    ),
    { numRuns: 12 },
  );
}, 60_000);

/** Every line that a filter leaves, read to the end. */
async function idsOf(filter: HistoryFilter, limit: number, found?: SearchBounds): Promise<string[]> {
  const ids: string[] = [];
  let before: HistoryCursor | undefined;
  do {
    const page = await readHistory(intake.pool, sender.accountId, filter, { before, limit }, found);
    ids.push(...page.lines.map(({ cursor }) => `${cursor.position}/${cursor.seq}`));
    before = page.next;
  } while (before !== undefined);
  return ids;
}
