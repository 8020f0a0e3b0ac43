// Verify finds every fault planted in the books, and names it.
import { afterEach, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import type { Guarantee } from '../ledger/verify/report.ts';
import {
  addRule,
  type Books,
  broken,
  check,
  healthyBooks,
  NOW,
  payAutoTopUp,
  plant,
} from './support/books.ts';

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

const faults: [what: string, finds: Guarantee, names: string, sql: string[]][] = [
  ['an entry that is gone', 'chain', 'seq 3: it follows seq 1', ['delete from entries where seq = 2']],
  ['a last entry that is gone', 'chain', 'posted', ['delete from entries where seq = 4']],
  [
    'a balance that does not follow',
    'chain',
    'seq 2',
    ['update entries set balance_after = balance_after + 1 where seq = 2'],
  ],
  [
    'a posted balance moved by hand',
    'chain',
    'posted',
    ['update account_balances set posted = posted + 1 where posted > 0'],
  ],
  [
    'an account without a balance row',
    'chain',
    'no balance row',
    ['delete from account_balances where posted = 0'],
  ],
  [
    'a balance row that was emptied',
    'chain',
    'posted 0, but its last entry left',
    [
      `update account_balances set epoch = 0, open_seq = 1, posted = 0, pending = 0, open_cost = 0, pending_count = 0,
         commands_waiting = 0, last_position = 0`,
    ],
  ],
  [
    'an entry that takes what it should give',
    'chain',
    'seq 1: balance 50000000000 does not follow',
    [`update entries set debit = 'credit', credit = 'grants' where seq = 1`],
  ],
  [
    'an entry that moves nothing of the account',
    'balanced',
    'seq 1: 50000000000 moved',
    [
      'alter table entries drop constraint "entry-unbalanced", drop constraint entry_counterpart',
      `update entries set credit = 'stripe' where seq = 1`,
    ],
  ],
  [
    'an event whose cost was changed',
    'usage',
    'seq 2: 3 events',
    [`update usage_events set cost = cost + 1 where id = 'b'`],
  ],
  [
    'an event that was taken out of an entry',
    'usage',
    'seq 2: 3 events',
    [`delete from usage_events where id = 'b'`],
  ],
  [
    'an event stamped with another entry',
    'usage',
    'seq 2: 3 events',
    [`update usage_events set entry_seq = 3 where id = 'b'`],
  ],
  [
    'an event that vanished from the open period',
    'usage',
    'the cost of the open period',
    [`delete from usage_events where id = 'f'`],
  ],
  [
    'a pending amount moved by hand',
    'usage',
    'pending should be',
    ['update account_balances set pending = pending + 1 where posted > 0'],
  ],
  [
    'a rollup that says more',
    'usage',
    'rollup "2026-03-01',
    ['update usage_rollups set output_tokens = output_tokens + 1'],
  ],
  ['a rollup that is gone', 'usage', 'says nothing', ['delete from usage_rollups']],
  [
    'a posted command without an entry',
    'usage',
    'the waiting commands should be 0',
    [`update ledger_commands set state = 'posted' where key = 'grant:2'`],
  ],
  [
    'a command that is gone',
    'usage',
    'entry 1 has no command',
    [`delete from ledger_commands where key = 'grant:1'`],
  ],
  [
    'a paid top-up without credit',
    'payments',
    'pi_1 paid 10000000000, credited nothing',
    [`update ledger_commands set key = 'other' where key = 'purchase:pi_1'`],
  ],
  [
    'credit without a payment',
    'payments',
    'purchase:pi_9 credited',
    [
      `update ledger_commands set key = 'purchase:pi_9' where key = 'purchase:pi_1'`,
      'delete from top_up_attempts',
      'delete from top_ups',
    ],
  ],
  [
    'a payment that succeeded and was lost',
    'payments',
    'pi_1 succeeded and is neither',
    [
      `update top_ups set state = 'not-completed', paid_at = null, payment_intent_id = null`,
      `delete from ledger_commands where key = 'purchase:pi_1'`,
    ],
  ],
  [
    'a payment both credited and in quarantine',
    'payments',
    'in quarantine and credited',
    [
      `insert into quarantined_payments (payment_intent_id, reason, found_at) values ('pi_1', 'amount', now())`,
    ],
  ],
  ['a key that no longer exists', 'attribution', 'API key', ['delete from api_keys']],
  [
    'a person who no longer exists',
    'attribution',
    'person',
    [`delete from auth.people where name = 'Max Member'`],
  ],
  ['a person who never held the key', 'attribution', 'who never held', ['delete from api_key_holders']],
  [
    'an entry under an older epoch',
    'epochs',
    'seq 3: epoch 0 after epoch 1',
    ['update entries set epoch = 0 where seq = 3'],
  ],
  ['an epoch that was turned back', 'epochs', 'epoch 0', ['update account_balances set epoch = 0']],
  [
    'credit held without a hold',
    'holds',
    '7 nanos are held',
    ['update account_balances set held = 7 where posted > 0'],
  ],
  [
    'a command that was refused',
    'ages',
    'grant:2 was refused',
    [`update ledger_commands set state = 'refused', refusal = 'why' where key = 'grant:2'`],
  ],
];

test.each(faults)('%s is found', async (_what, finds, names, sql) => {
  const books = await open();
  await plant(books, ...sql);
  const report = await check(books);
  expect(report.ok).toBe(false);
  expect(broken(report)).toContain(finds);
  expect(report.checks.find(({ guarantee }) => guarantee === finds)?.firstOffender).toContain(names);
});

test('an id that stands on two days is found', async () => {
  const books = await open();
  await plant(
    books,
    `insert into usage_events select account_id, day - 1, id, position, entry_seq, member_id, api_key_id, model, batched, price_id,
       input_tokens, cached_input_tokens, cache_write_tokens, output_tokens, cost, occurred_at, recorded_at, hold_id, batch_id, metadata
     from usage_events where id = 'd'`,
  );
  const report = await check(books);
  const attribution = report.checks.find(({ guarantee }) => guarantee === 'attribution');
  expect(attribution?.firstOffender).toContain('usage event d stands on 2026-03-01 and 2026-03-02');
});

test('two charges in flight are found', async () => {
  const books = await open();
  const insert = (seq: number): [string, unknown[]] => [
    `insert into top_ups (id, account_id, mode, payer_id, amount, currency, trigger_seq, payment_method_id, created_at, next_check_at)
     values ($1, $2, 'auto', $3, 5000000000, 'usd', $4, 'pm_1', $5, $5)`,
    [uuidv7(), books.team.accountId, books.team.owner.personId, seq, NOW],
  ];
  await plant(books, 'drop index top_up_in_flight', insert(7), insert(8));
  expect(broken(await check(books))).toEqual(['charges']);
});

test('an episode that was charged twice is found', async () => {
  const books = await open();
  await plant(books, 'drop index top_up_episode');
  await payAutoTopUp(books, 'pi_2', 2);
  const report = await check(books);
  expect(broken(report)).toEqual(['charges']);
  expect(report.checks.find(({ ok }) => !ok)?.firstOffender).toContain('the episode of seq 2 was paid by');
});

test('a month above its cap is found, and a cap that was lowered afterwards is no fault', async () => {
  const books = await open();
  await addRule(books, 9_000_000_000n);
  expect(broken(await check(books))).toEqual(['charges']);
  await plant(books, [`update auto_top_up_rules set updated_at = $1`, [new Date(NOW.getTime() + 1)]]);
  expect(broken(await check(books))).toEqual([]);
});
