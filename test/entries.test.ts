// What the database itself refuses of entries: changes, gaps, sums that don't follow, and writers whose time is over.
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { refusalFrom, withTransaction } from '../ledger/database.ts';
import { openAccount, postPending } from '../ledger/posting.ts';
import type { RefusalCode } from '../ledger/refusal.ts';
import { createTestLedger, type TestLedger } from './support/account.ts';

let ledger: TestLedger;
let accountId: string;

beforeAll(async () => {
  ledger = await createTestLedger();
});
afterAll(() => ledger?.close());

/* An account at epoch 2 with one posted grant of 100, and one of 50 that waits. */
beforeEach(async () => {
  accountId = await ledger.createAccount();
  await withTransaction(ledger.pool, (connection) => openAccount(connection, accountId));
  await withTransaction(ledger.pool, (connection) => openAccount(connection, accountId));
  await ledger.grant(accountId, 100n);
  await post(2, 0);
  await ledger.grant(accountId, 50n);
});

const post = (epoch: number, afterSeq: number) =>
  withTransaction(ledger.pool, (connection) =>
    postPending(connection, { accountId, epoch, afterSeq }, new Date()),
  );

test.each<[string, string, RefusalCode]>([
  ['an update', 'update entries set amount = 1 where account_id = $1', 'record-immutable'],
  ['a delete', 'delete from entries where account_id = $1', 'record-immutable'],
  ['a gap in seq', entry({ seq: 3 }), 'entry-out-of-order'],
  ['a seq that is taken', entry({ seq: 1 }), 'entry-out-of-order'],
  ['a balance that does not follow', entry({ balanceAfter: 151 }), 'entry-unbalanced'],
  ['an amount other than its command’s', entry({ amount: 51, balanceAfter: 151 }), 'entry-unbalanced'],
  ['an entry between other accounts', entry({ debit: 'stripe', credit: 'grants' }), 'entry-unbalanced'],
  ['an entry under an old epoch', entry({ epoch: 1 }), 'fenced-out'],
  ['an entry under an epoch to come', entry({ epoch: 3 }), 'fenced-out'],
  [
    'a balance moved without an entry',
    'update account_balances set posted = 7 where account_id = $1',
    'entry-unbalanced',
  ],
])('%s is refused and changes nothing', async (_what, statement, code) => {
  const error = await ledger.pool.query(statement, [accountId]).catch((e: unknown) => e);
  expect(refusalFrom(error)?.code).toBe(code);
  expect(await ledger.entries(accountId)).toEqual([
    { seq: 1, type: 'grant', amount: 100n, balanceAfter: 100n, epoch: 2 },
  ]);
  expect(await ledger.balanceRow(accountId)).toMatchObject({ posted: 100n, pending: 50n });
});

test('truncating entries is refused', async () => {
  const error = await ledger.pool.query('truncate entries').catch((e: unknown) => e);
  expect(refusalFrom(error)?.code).toBe('record-immutable');
});

test('a posting under an old epoch is refused, and one that was done already posts nothing', async () => {
  await expect(post(1, 1)).rejects.toMatchObject({ code: 'fenced-out' });
  expect(await post(2, 0)).toMatchObject({ entriesWritten: 0, standing: { seq: 1, more: true } });
  expect(await post(2, 1)).toMatchObject({
    entriesWritten: 1,
    standing: { seq: 2, more: false, postedNanos: '150' },
  });
  expect(await post(2, 1)).toMatchObject({ entriesWritten: 0, standing: { seq: 2, more: false } });
});

test('a posting answers the ring in its own transaction', async () => {
  expect((await ledger.balanceRow(accountId)).rungAt).not.toBeNull();
  await post(2, 1);
  expect((await ledger.balanceRow(accountId)).rungAt).toBeNull();
});

test('the same command twice is one entry, and with other content is refused', async () => {
  const key = await ledger.grant(accountId, 7n);
  await ledger.grant(accountId, 7n, key);
  const error = await ledger.grant(accountId, 8n, key).catch((e: unknown) => e);
  expect(refusalFrom(error)?.code).toBe('idempotency-key-reused');
  await post(2, 1);
  expect(await ledger.balanceRow(accountId)).toMatchObject({ posted: 157n, pending: 0n });
});

test('sixteen postings at once post each command once', async () => {
  const posted = await Promise.all(Array.from({ length: 16 }, () => post(2, 1)));
  expect(posted.reduce((total, { entriesWritten }) => total + entriesWritten, 0)).toBe(1);
  expect((await ledger.entries(accountId)).map(({ seq }) => seq)).toEqual([1, 2]);
});

/** An insert of the waiting grant's entry, right but for what is given. */
function entry(wrong: {
  seq?: number;
  amount?: number;
  balanceAfter?: number;
  debit?: string;
  credit?: string;
  epoch?: number;
}): string {
  const { seq = 2, amount = 50, balanceAfter = 150, debit = 'grants', credit = 'credit', epoch = 2 } = wrong;
  return `insert into entries (account_id, seq, type, debit, credit, amount, balance_after, currency, epoch, last_position, command_id, posted_at)
    select $1, ${seq}, 'grant', '${debit}', '${credit}', ${amount}, ${balanceAfter}, 'usd', ${epoch}, 0, c.id, now()
    from ledger_commands c where c.account_id = $1 and c.state = 'waiting'`;
}
