// An account with its actor, for a test: a database and a worker of its own, the faults it wants, and what was posted.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { v7 as uuidv7 } from 'uuid';
import { type PostingFaults, postingActivities } from '../../activities/posting.ts';
import { ringActivities } from '../../activities/ring.ts';
import { systemClock } from '../../ledger/clock.ts';
import { createPool, type Pool } from '../../ledger/database.ts';
import { type Standing, type StandingRow, standingFrom } from '../../ledger/posting.ts';
import type { AccountInput, account } from '../../workflows/account.ts';
import { ringAccount, type TemporalClient } from '../../workflows/client.ts';
import { accountWorkflowId, usageRecorded } from '../../workflows/messages.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { recordHistories } from './histories.ts';
import { createOrganization, createPerson } from './people.ts';
import type { TestTemporal } from './temporal.ts';

export interface TestLedger {
  readonly database: TestDatabase;
  readonly pool: Pool;
  /** Opens an organization's account. */
  createAccount(): Promise<string>;
  /** Stores a grant and returns its key; the balance counts it at once. */
  grant(accountId: string, amountNanos: bigint, key?: string): Promise<string>;
  /** Gives the account a rule of auto top-up on its owner's card. */
  enableAutoTopUp(accountId: string, rule: { thresholdNanos: bigint; amountNanos: bigint }): Promise<void>;
  entries(accountId: string): Promise<TestEntry[]>;
  balanceRow(accountId: string): Promise<TestBalance>;
  close(): Promise<void>;
}

export interface TestEntry {
  readonly seq: number;
  readonly type: string;
  readonly amount: bigint;
  readonly balanceAfter: bigint;
  readonly epoch: number;
}

export interface TestBalance {
  readonly epoch: number;
  readonly posted: bigint;
  readonly pending: bigint;
  readonly rungAt: Date | null;
  readonly ringsRepeated: number;
}

/** A migrated database with the few statements that tests of the actor need. */
export async function createTestLedger(): Promise<TestLedger> {
  const database = await createTestDatabase();
  const pool = createPool(database.url, { applicationName: 'coffer under test' });
  return {
    database,
    pool,
    createAccount: async () => {
      const { personId } = await createPerson(pool, 'Olga Owner');
      const { accountId } = await createOrganization(pool, personId);
      return accountId;
    },
    grant: async (accountId, amountNanos, key = `grant:${randomUUID()}`) => {
      await pool.query(`select store_command($1, $2, $3, 'grant', $4, '{}', $5)`, [
        uuidv7(),
        accountId,
        key,
        amountNanos,
        new Date(),
      ]);
      return key;
    },
    enableAutoTopUp: (accountId, rule) => enableAutoTopUp(pool, accountId, rule),
    entries: async (accountId) => {
      const { rows } = await pool.query<
        Record<'seq' | 'type' | 'amount' | 'balance_after' | 'epoch', string>
      >('select seq, type, amount, balance_after, epoch from entries where account_id = $1 order by seq', [
        accountId,
      ]);
      return rows.map((row) => ({
        seq: Number(row.seq),
        type: row.type,
        amount: BigInt(row.amount),
        balanceAfter: BigInt(row.balance_after),
        epoch: Number(row.epoch),
      }));
    },
    balanceRow: async (accountId) => {
      const { rows } = await pool.query(
        'select epoch, posted, pending, rung_at, rings_repeated from account_balances where account_id = $1',
        [accountId],
      );
      const [row] = rows;
      return {
        epoch: Number(row.epoch),
        posted: BigInt(row.posted),
        pending: BigInt(row.pending),
        rungAt: row.rung_at,
        ringsRepeated: row.rings_repeated,
      };
    },
    close: async () => {
      await pool.end();
      await database.drop();
    },
  };
}

async function enableAutoTopUp(
  pool: Pool,
  accountId: string,
  { thresholdNanos, amountNanos }: { thresholdNanos: bigint; amountNanos: bigint },
): Promise<void> {
  const { rows: owners } = await pool.query<{ person_id: string }>(
    'select m.person_id from auth.members m join accounts a on a.owner_id = m.organization_id where a.id = $1',
    [accountId],
  );
  const personId = owners[0]?.person_id;
  const cardId = `pm_${randomUUID()}`;
  const now = new Date();
  await pool.query(
    `insert into payment_methods (id, person_id, customer_id, fingerprint, brand, last4, exp_month, exp_year,
       consented_at, consent_terms, created_at)
     values ($1, $2, 'cus_test', $1, 'visa', '4242', 12, 2040, $3, 'terms', $3)`,
    [cardId, personId, now],
  );
  await pool.query(
    `insert into auto_top_up_rules (account_id, sponsor_id, payment_method_id, threshold, amount, monthly_cap, created_at, updated_at)
     values ($1, $2, $3, $4, $5, $6, $7, $7)`,
    [accountId, personId, cardId, thresholdNanos, amountNanos, amountNanos * 10n, now],
  );
}

export interface TestActor {
  readonly accountId: string;
  readonly temporal: TemporalClient;
  readonly handle: WorkflowHandle<typeof account>;
  ring(): Promise<void>;
  /** Waits until everything is posted and nothing rings any more. */
  settled(): Promise<Standing>;
}

export interface TestActorOptions {
  readonly faults?: PostingFaults;
  readonly rollAtEvents?: number;
  readonly maxCachedWorkflows?: number;
  /** With RECORD_HISTORIES set, the histories of the actor's runs are kept under this name, to be replayed. */
  readonly history?: string;
}

/** Runs `work` beside a worker that serves the account's actor; ends the actor and the worker after it. */
export async function withActor(
  testTemporal: TestTemporal,
  ledger: TestLedger,
  { faults, rollAtEvents, maxCachedWorkflows, history }: TestActorOptions,
  work: (actor: TestActor) => Promise<void>,
): Promise<void> {
  const taskQueue = randomUUID();
  const temporal = { client: testTemporal.client, taskQueue };
  const accountId = await ledger.createAccount();
  const worker = await testTemporal.createWorker({
    taskQueue,
    ...(maxCachedWorkflows === undefined ? {} : { maxCachedWorkflows }),
    activities: {
      ...postingActivities({
        pool: ledger.pool,
        clock: systemClock,
        temporal,
        ...(faults === undefined ? {} : { faults }),
      }),
      ...ringActivities(temporal),
    },
  });
  const input: AccountInput = { accountId, ...(rollAtEvents === undefined ? {} : { rollAtEvents }) };
  const handle = testTemporal.client.workflow.getHandle<typeof account>(accountWorkflowId(accountId));
  await worker.runUntil(async () => {
    try {
      await work({
        accountId,
        temporal,
        handle,
        // as `ringAccount`, with the input that makes a run roll early
        ring: async () => {
          if (rollAtEvents === undefined)
            return await ringAccount(temporal, { accountId, reason: 'interval' });
          await testTemporal.client.workflow.signalWithStart('account', {
            workflowId: accountWorkflowId(accountId),
            taskQueue,
            args: [input],
            signal: usageRecorded,
            signalArgs: [{ reason: 'interval' }],
          });
        },
        settled: () => untilSettled(ledger, accountId),
      });
      if (history !== undefined) await recordHistories(testTemporal.client, handle.workflowId, history);
    } finally {
      await handle.terminate('end of the test').catch(() => undefined);
    }
  });
}

async function untilSettled(ledger: TestLedger, accountId: string): Promise<Standing> {
  return await eventually(async () => {
    const { rows } = await ledger.pool.query<StandingRow & { rung_at: Date | null }>(
      `select s.*, b.rung_at from account_standing($1) s join account_balances b on b.account_id = $1`,
      [accountId],
    );
    const [row] = rows;
    return row?.more === false && row.rung_at === null ? standingFrom(row) : undefined;
  });
}

/** Asks `find` until it finds something; throws after `withinMs`. */
export async function eventually<T>(find: () => Promise<T | undefined>, withinMs = 60_000): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const found = await find();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`it did not happen within ${withinMs} ms`);
    await sleep(20);
  }
}
