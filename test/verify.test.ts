// Verify: healthy books pass, and every fault planted in them is found and named.
import { afterEach, expect, test } from '@jest/globals';
import type { Client } from 'pg';
import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { withTransaction } from '../ledger/database.ts';
import type { PricedEvent } from '../ledger/intake/priced-event.ts';
import { ensureUsageDays, recordUsage } from '../ledger/intake/record-usage.ts';
import { nanos } from '../ledger/money.ts';
import { openAccount, postPending } from '../ledger/posting.ts';
import type { Guarantee, VerifyReport } from '../ledger/verify/report.ts';
import { verify } from '../ledger/verify/verify.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { createKey, createTeam, type TestOrganization } from './support/people.ts';

const NOW = new Date('2026-03-02T00:10:00Z');
const EARLIER = new Date('2026-03-01T23:50:00Z');
const DAY = Math.floor(NOW.getTime() / 86_400_000);

interface Books {
  readonly database: TestDatabase;
  readonly team: TestOrganization;
  readonly keyId: string;
}

let open: TestDatabase | undefined;

afterEach(async () => {
  await open?.drop();
  open = undefined;
});

/** An organization with a grant, two usage entries, a paid auto top-up, an open period and a waiting command. */
async function healthyBooks(): Promise<Books> {
  const database = await createTestDatabase();
  open = database;
  const { pool } = database;
  const team = await createTeam(pool, EARLIER);
  const { apiKeyId } = await createKey(pool, {
    accountId: team.accountId,
    memberId: team.member.personId,
    now: EARLIER,
  });
  const books = { database, team, keyId: apiKeyId };
  await ensureUsageDays(pool, DAY - 2, DAY + 1);
  await storeCommand(books, 'grant:1', 'grant', 50_000_000_000n);
  const { standing } = await withTransaction(pool, (connection) => openAccount(connection, team.accountId));
  const post = (afterSeq: number) =>
    withTransaction(pool, (connection) =>
      postPending(connection, { accountId: team.accountId, epoch: standing.epoch, afterSeq }, NOW),
    );
  await post(0);
  await use(books, ['a', 'b', 'c'], EARLIER);
  await post(1);
  await use(books, ['d', 'e'], NOW);
  await payAutoTopUp(books, 'pi_1', 2);
  await post(2);
  await use(books, ['f'], NOW);
  await storeCommand(books, 'grant:2', 'grant', 1_000_000_000n);
  return books;
}

async function storeCommand(
  { database, team }: Books,
  key: string,
  type: string,
  amount: bigint,
): Promise<void> {
  await database.pool.query(`select store_command($1, $2, $3, $4, $5, '{}', $6)`, [
    uuidv7(),
    team.accountId,
    key,
    type,
    amount.toString(),
    NOW,
  ]);
}

async function use({ database, team, keyId }: Books, ids: string[], at: Date): Promise<void> {
  const key = {
    id: keyId,
    accountId: team.accountId,
    memberId: team.member.personId,
    expiresAt: null,
    revokedAt: null,
  };
  const events = ids.map(
    (id): PricedEvent => ({
      id,
      key,
      apiKeyId: keyId,
      apiKey: undefined,
      model: 'gpt-4o-mini',
      inputTokens: 1000,
      cachedInputTokens: 100,
      cacheWriteTokens: 10,
      outputTokens: 50,
      occurredAt: at,
      batched: false,
      holdId: null,
      batchId: null,
      metadata: null,
      explicitCost: nanos(1_000_000n),
      priceId: null,
      cost: nanos(1_000_000n),
    }),
  );
  await withTransaction(database.pool, (connection) => recordUsage(connection, events, { now: at }));
}

async function payAutoTopUp(
  { database, team }: Books,
  paymentIntent: string,
  triggerSeq: number,
): Promise<string> {
  const id = uuidv7();
  await database.pool.query(
    `insert into top_ups (id, account_id, mode, payer_id, amount, currency, trigger_seq, rule_revision, payment_method_id, created_at, next_check_at)
     values ($1, $2, 'auto', $3, 10000000000, 'usd', $4, 1, 'pm_1', $5, $5)`,
    [id, team.accountId, team.owner.personId, triggerSeq, NOW],
  );
  await database.pool.query(
    `insert into top_up_attempts (top_up_id, attempt, first_sent_at, last_sent_at) values ($1, 1, $2, $2)`,
    [id, NOW],
  );
  await database.pool.query(`select credit_payment($1, 1, $2, $3, $4)`, [id, paymentIntent, uuidv7(), NOW]);
  return id;
}

async function addRule({ database, team }: Books, cap: bigint): Promise<void> {
  await database.pool.query(
    `insert into payment_methods (id, person_id, customer_id, fingerprint, brand, last4, exp_month, exp_year, consented_at, consent_terms, created_at)
     values ('pm_1', $1, 'cus_1', 'f', 'visa', '4242', 1, 2030, $2, 'terms', $2)`,
    [team.owner.personId, EARLIER],
  );
  await database.pool.query(
    `insert into auto_top_up_rules (account_id, sponsor_id, payment_method_id, threshold, amount, monthly_cap, created_at, updated_at)
     values ($1, $2, 'pm_1', 5000000000, 5000000000, $3, $4, $4)`,
    [team.accountId, team.owner.personId, cap.toString(), EARLIER],
  );
}

/** Does what the database itself would refuse. */
async function plant({ database }: Books, ...statements: (string | [string, unknown[]])[]): Promise<void> {
  const client: Client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    await client.query('set session_replication_role = replica');
    for (const statement of statements) {
      const [text, values] = typeof statement === 'string' ? [statement, []] : statement;
      const { rowCount, command } = await client.query(text, values);
      if (command !== 'ALTER' && command !== 'DROP' && rowCount === 0)
        throw new Error(`nothing planted: ${text}`);
    }
  } finally {
    await client.end();
  }
}

function check({ database }: Books, now = NOW): Promise<VerifyReport> {
  return verify(database.pool, { now });
}

function broken(report: VerifyReport): Guarantee[] {
  return report.checks.filter(({ ok }) => !ok).map(({ guarantee }) => guarantee);
}

test('healthy books pass', async () => {
  const report = await check(await healthyBooks());
  expect(report.checks.map(({ firstOffender }) => firstOffender).filter(Boolean)).toEqual([]);
  expect(report).toMatchObject({ ok: true, entries: 4, usageEvents: 6 });
  expect(report.checks).toHaveLength(9);
});

test('an empty database passes', async () => {
  open = await createTestDatabase();
  expect(await verify(open.pool, { now: NOW })).toMatchObject({ ok: true, accounts: 0 });
});

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
  const books = await healthyBooks();
  await plant(books, ...sql);
  const report = await check(books);
  expect(report.ok).toBe(false);
  expect(broken(report)).toContain(finds);
  expect(report.checks.find(({ guarantee }) => guarantee === finds)?.firstOffender).toContain(names);
});

test('an id that stands on two days is found', async () => {
  const books = await healthyBooks();
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
  const books = await healthyBooks();
  const insert = (seq: number): [string, unknown[]] => [
    `insert into top_ups (id, account_id, mode, payer_id, amount, currency, trigger_seq, payment_method_id, created_at, next_check_at)
     values ($1, $2, 'auto', $3, 5000000000, 'usd', $4, 'pm_1', $5, $5)`,
    [uuidv7(), books.team.accountId, books.team.owner.personId, seq, NOW],
  ];
  await plant(books, 'drop index top_up_in_flight', insert(7), insert(8));
  expect(broken(await check(books))).toEqual(['charges']);
});

test('an episode that was charged twice is found', async () => {
  const books = await healthyBooks();
  await plant(books, 'drop index top_up_episode');
  await payAutoTopUp(books, 'pi_2', 2);
  const report = await check(books);
  expect(broken(report)).toEqual(['charges']);
  expect(report.checks.find(({ ok }) => !ok)?.firstOffender).toContain('the episode of seq 2 was paid by');
});

test('a month above its cap is found, and a cap that was lowered afterwards is no fault', async () => {
  const books = await healthyBooks();
  await addRule(books, 9_000_000_000n);
  expect(broken(await check(books))).toEqual(['charges']);
  await plant(books, [`update auto_top_up_rules set updated_at = $1`, [new Date(NOW.getTime() + 1)]]);
  expect(broken(await check(books))).toEqual([]);
});

test('what waits too long is found, and what has just begun to wait is not', async () => {
  const books = await healthyBooks();
  const later = new Date(NOW.getTime() + 16 * 60_000);
  const report = await check(books, later);
  expect(broken(report)).toEqual(['ages']);
  expect(report.checks.at(-1)?.firstOffender).toContain('since 2026-03-02T00:10:00.000Z');
});

test('usage without a price is noted at once and a fault after an hour', async () => {
  const books = await healthyBooks();
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
  const books = await healthyBooks();
  let writing = true;
  const writer = (async () => {
    for (let i = 0; writing; i += 1) {
      await use(books, [`w${i}`, `x${i}`], NOW);
      await withTransaction(books.database.pool, (connection) =>
        postPending(connection, { accountId: books.team.accountId, epoch: 1, afterSeq: 1_000_000 }, NOW),
      );
    }
  })();
  try {
    for (let i = 0; i < 20; i += 1) expect(broken(await check(books))).toEqual([]);
  } finally {
    writing = false;
    await writer;
  }
});
