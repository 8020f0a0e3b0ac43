// Verify since its checkpoints: reads only what is new, finds what is wrong with it, and never forgets an account that is broken.
import { afterEach, expect, test } from '@jest/globals';
import { withTransaction } from '../ledger/database.ts';
import { ensureUsageDays } from '../ledger/intake/record-usage.ts';
import { postPending } from '../ledger/posting.ts';
import type { Guarantee, VerifyReport, VerifyScope } from '../ledger/verify/report.ts';
import { type VerifyProgress, verify } from '../ledger/verify/verify.ts';
import { type Books, broken, healthyBooks, NOW, plant, use } from './support/books.ts';

const DAY_MS = 86_400_000;

let books: Books | undefined;

afterEach(async () => {
  await books?.database.drop();
  books = undefined;
});

async function open(): Promise<Books> {
  books = await healthyBooks();
  return books;
}

function check({ database }: Books, scope: VerifyScope, now = NOW): Promise<VerifyReport> {
  return verify(database.pool, { now, scope, keepCheckpoints: true });
}

async function post({ database, team: { accountId } }: Books, now = NOW): Promise<void> {
  await withTransaction(database.pool, (connection) =>
    postPending(connection, { accountId, epoch: 1, afterSeq: 1_000_000 }, now),
  );
}

test('only what came since the checkpoint is read, and an account that did not change is passed over', async () => {
  const books = await open();
  expect(await check(books, 'since-checkpoint')).toMatchObject({ ok: true, entries: 4, usageEvents: 6 });
  expect(await check(books, 'since-checkpoint')).toMatchObject({ ok: true, entries: 0, usageEvents: 0 });
  await use(books, ['g', 'h'], NOW);
  // the open period belongs to no entry yet, so it is read again: f and the two that are new
  expect(await check(books, 'since-checkpoint')).toMatchObject({ ok: true, entries: 0, usageEvents: 3 });
  await post(books);
  expect(await check(books, 'since-checkpoint')).toMatchObject({ ok: true, entries: 2, usageEvents: 3 });
  expect(await check(books, 'full')).toMatchObject({ ok: true, entries: 6, usageEvents: 8 });
});

const faults: [what: string, finds: Guarantee, sql: string][] = [
  ['a cost that was changed', 'usage', `update usage_events set cost = cost + 1 where id = 'g'`],
  ['an event that vanished', 'usage', `delete from usage_events where id = 'h'`],
  [
    'a rollup that says more',
    'usage',
    `update usage_rollups set cost = cost + 1 where recorded_day = '2026-03-02'`,
  ],
  [
    'a balance that does not follow',
    'chain',
    'update entries set balance_after = balance_after + 1 where seq = 5',
  ],
  ['an entry that is gone', 'chain', 'delete from entries where seq = 6'],
  [
    'a pending amount moved by hand',
    'usage',
    'update account_balances set pending = pending + 1 where posted > 0',
  ],
  ['entries that were there before and are gone', 'chain', 'delete from entries where seq >= 4'],
  [
    'an id that stands on two days',
    'attribution',
    `insert into usage_events select account_id, day - 1, id, position - 100, entry_seq, member_id, api_key_id, model, batched, price_id,
       input_tokens, cached_input_tokens, cache_write_tokens, output_tokens, cost, occurred_at, recorded_at, hold_id, batch_id, metadata
     from usage_events where id = 'g'`,
  ],
];

test.each(faults)('%s since the checkpoint is found', async (_what, finds, sql) => {
  const books = await open();
  expect((await check(books, 'full')).ok).toBe(true);
  await use(books, ['g', 'h'], NOW);
  await post(books);
  await use(books, ['i'], NOW);
  await plant(books, sql);
  expect(broken(await check(books, 'since-checkpoint'))).toContain(finds);
});

test('an account that is not in order is checked whole every time, until it is', async () => {
  const books = await open();
  await check(books, 'full');
  await plant(books, `update usage_events set cost = cost + 1 where id = 'a'`);
  expect((await check(books, 'since-checkpoint')).ok).toBe(true);
  expect(broken(await check(books, 'full'))).toEqual(['usage']);
  expect(broken(await check(books, 'since-checkpoint'))).toEqual(['usage']);
  await plant(books, `update usage_events set cost = cost - 1 where id = 'a'`);
  expect((await check(books, 'since-checkpoint')).ok).toBe(true);
  expect(await check(books, 'since-checkpoint')).toMatchObject({ ok: true, usageEvents: 0 });
});

test('days go by and every check since the checkpoint finds the rollups as they should be', async () => {
  const books = await open();
  const today = Math.floor(NOW.getTime() / DAY_MS);
  await ensureUsageDays(books.database.pool, today - 1, today + 6);
  await check(books, 'since-checkpoint');
  for (let day = 1; day <= 5; day += 1) {
    const now = new Date(NOW.getTime() + day * DAY_MS);
    await use(books, [`n${day}`, `m${day}`], now);
    if (day % 2 === 0) await post(books, now);
    expect(broken(await check(books, 'since-checkpoint', now))).not.toContain('usage');
  }
  await plant(books, `update usage_rollups set cost = cost + 1 where recorded_day = '2026-03-01'`);
  await use(books, ['last'], new Date(NOW.getTime() + 5 * DAY_MS));
  const ages = { pendingMs: DAY_MS * 9, ringMs: DAY_MS * 9, topUpMs: DAY_MS * 9, evaluationMs: DAY_MS * 9 };
  const { pool } = books.database;
  const ageLimits = { ...ages, webhookEventMs: DAY_MS, unpricedMs: DAY_MS };
  const now = new Date(NOW.getTime() + 5 * DAY_MS);
  // a day that is closed is the full run's to look at
  expect(broken(await verify(pool, { now, scope: 'since-checkpoint', ageLimits }))).toEqual([]);
  expect(broken(await verify(pool, { now, ageLimits }))).toEqual(['usage']);
});

test('a run that only reads leaves no checkpoint', async () => {
  const books = await open();
  await verify(books.database.pool, { now: NOW });
  const { rows } = await books.database.pool.query('select from verify_checkpoints');
  expect(rows).toEqual([]);
});

test('a run that was cut off goes on after the accounts that were done, with what it had found', async () => {
  const books = await open();
  await plant(books, `update usage_events set cost = cost + 1 where id = 'a'`);
  const reached: VerifyProgress[] = [];
  const whole = await verify(books.database.pool, {
    now: NOW,
    onProgress: (progress) => reached.push(progress),
  });
  const resume = reached.at(-1);
  if (resume === undefined) throw new Error('no progress was told');
  const resumed: VerifyProgress = JSON.parse(JSON.stringify(resume));
  expect(await verify(books.database.pool, { now: NOW, resume: resumed })).toEqual(whole);
  expect(whole).toMatchObject({ ok: false, usageEvents: 6 });
});
