// Verify passes books in order, also while they change, and knows how long what waits may wait.
import { afterEach, expect, test } from '@jest/globals';
import { withTransaction } from '../ledger/database.ts';
import { postPending } from '../ledger/posting.ts';
import { verify } from '../ledger/verify/verify.ts';
import {
  type Books,
  broken,
  check,
  healthyBooks,
  NOW,
  payAutoTopUp,
  plant,
  storeCommand,
  use,
} from './support/books.ts';
import { createTestDatabase } from './support/database.ts';

let books: Books | undefined;

afterEach(async () => {
  await books?.database.drop();
  books = undefined;
});

/** Books in order; their database is dropped after the test. */
async function open(): Promise<Books> {
  books = await healthyBooks();
  return books;
}

test('healthy books pass', async () => {
  const report = await check(await open());
  expect(report.checks.map(({ firstOffender }) => firstOffender).filter(Boolean)).toEqual([]);
  expect(report).toMatchObject({ ok: true, entries: 4, usageEvents: 6 });
  expect(report.checks).toHaveLength(9);
});

test('an empty database passes', async () => {
  const database = await createTestDatabase();
  expect(await verify(database.pool, { now: NOW })).toMatchObject({ ok: true, accounts: 0 });
  await database.drop();
});

test('what waits too long is found, and what has just begun to wait is not', async () => {
  const books = await open();
  const later = new Date(NOW.getTime() + 16 * 60_000);
  const report = await check(books, later);
  expect(broken(report)).toEqual(['ages']);
  expect(report.checks.at(-1)?.firstOffender).toContain('since 2026-03-02T00:10:00.000Z');
});

test('usage without a price is noted at once and a fault after an hour', async () => {
  const books = await open();
  await plant(books, [
    `insert into unpriced_usage (account_id, id, day, member_id, api_key_id, model, batched, input_tokens, cached_input_tokens,
       cache_write_tokens, output_tokens, occurred_at, received_at)
     values ($1, 'u', '2026-03-02', $3, $4, 'unheard-of', false, 1, 0, 0, 1, $2, $2)`,
    [books.team.accountId, NOW, books.team.member.personId, books.keyId],
  ]);
  const report = await check(books);
  expect(report.ok).toBe(true);
  expect(report.checks.at(-1)?.notes).toEqual(['usage events that wait for a price of unheard-of: 1']);
  const anHourLater = await check(books, new Date(NOW.getTime() + 61 * 60_000));
  expect(broken(anHourLater)).toEqual(['ages']);
});

test('books that change while they are read are not called broken', async () => {
  const books = await open();
  const { pool } = books.database;
  const { accountId } = books.team;
  let writing = true;
  const writeOn = async (write: (i: number) => Promise<unknown>) => {
    for (let i = 0; writing; i += 1) await write(i);
  };
  const writers = [
    writeOn((i) => use(books, [`w${i}`, `x${i}`], NOW)),
    writeOn((i) => use(books, [`y${i}`], NOW)),
    writeOn((i) => storeCommand(books, `grant:load-${i}`, 'grant', 1_000n)),
    writeOn((i) => payAutoTopUp(books, `pi_load_${i}`, 1_000 + i)),
    writeOn(() =>
      withTransaction(pool, (connection) =>
        postPending(connection, { accountId, epoch: 1, afterSeq: 1_000_000 }, NOW),
      ),
    ),
  ];
  try {
    for (let i = 0; i < 20; i += 1) {
      const scope = i % 3 === 0 ? 'full' : 'since-checkpoint';
      const report = await verify(pool, { now: NOW, scope, keepCheckpoints: true });
      expect(report.checks.map(({ firstOffender }) => firstOffender).filter(Boolean)).toEqual([]);
    }
  } finally {
    writing = false;
    await Promise.all(writers);
  }
  expect(broken(await check(books))).toEqual([]);
});
