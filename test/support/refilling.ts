// Personal accounts below their threshold, each with a rule on a saved card; steps are taken by hand, without a worker.
import { randomUUID } from 'node:crypto';
import { charge } from '../../activities/payments/charge.ts';
import type { PaymentClients } from '../../activities/payments/clients.ts';
import { settle } from '../../activities/payments/settle.ts';
import { stripeAccess } from '../../activities/payments/stripe.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { createPerson } from './people.ts';
import { startTestSandbox, type TestSandbox } from './sandbox.ts';

export interface Refilling {
  readonly database: TestDatabase;
  readonly sandbox: TestSandbox;
  readonly clients: PaymentClients;
  readonly alerts: string[];
  now(): Date;
  /** Moves both clocks. */
  advance(minutes: number): Promise<void>;
  /** A person whose own account is at zero, with a rule: below $10, charge $20. Nothing is posted yet. */
  account(fingerprint?: string): Promise<RefillingAccount>;
  close(): Promise<void>;
}

export interface RefillingAccount {
  readonly accountId: string;
  readonly personId: string;
  readonly card: string;
  /** Posts, which decides; returns the auto top-up in flight after it. */
  post(): Promise<string | undefined>;
  /** Sets the rule again, as its sponsor who wants it to go on. */
  setRule(): Promise<void>;
  /** Takes or gives credit by an adjustment, in dollars. */
  adjust(dollars: number): Promise<void>;
  /** Charges the top-up in flight and settles what was paid. */
  charge(topUpId: string): Promise<string>;
  rule(): Promise<RuleState>;
  attempts(): Promise<number>;
}

export interface RuleState {
  readonly state: string;
  readonly suspension: string | null;
  readonly decision: string | null;
  readonly reason: string | null;
  readonly next_evaluation_at: Date | null;
}

/** Starts a database and a sandbox for them. */
export async function startRefilling(): Promise<Refilling> {
  const [database, sandbox] = await Promise.all([createTestDatabase(), startTestSandbox()]);
  const { pool } = database;
  let nowMs = Date.now();
  const now = () => new Date(nowMs);
  const alerts: string[] = [];
  const clients: PaymentClients = {
    pool,
    clock: now,
    stripe: stripeAccess(sandbox.stripe),
    deployment: 'default',
    live: false,
    baseUrl: 'http://localhost:8080',
    alert: (_fields, message) => alerts.push(message),
    ring: () => {},
  };
  return {
    database,
    sandbox,
    clients,
    alerts,
    now,
    async advance(minutes) {
      nowMs += minutes * 60_000;
      await sandbox.control('advance', { seconds: minutes * 60 });
    },
    account: (fingerprint = randomUUID()) => refillingAccount(clients, sandbox, fingerprint),
    async close() {
      await sandbox.close();
      await database.drop();
    },
  };
}

async function refillingAccount(
  clients: PaymentClients,
  sandbox: TestSandbox,
  fingerprint: string,
): Promise<RefillingAccount> {
  const { pool, clock } = clients;
  const { personId, accountId, email } = await createPerson(pool, 'Susan Sponsor', clock());
  const customer = await sandbox.stripe.customers.create({ email });
  const card = await sandbox.stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id });
  await pool.query(
    `insert into customers (person_id, email, stripe_id, created_at) values ($1, $2, $3, $4)`,
    [personId, email, customer.id, clock()],
  );
  await pool.query(
    `insert into payment_methods values ($1, $2, $3, $4, 'visa', '4242', 12, 2040, $5, 'test', null, $5)`,
    [card.id, personId, customer.id, fingerprint, clock()],
  );
  const account: RefillingAccount = {
    accountId,
    personId,
    card: card.id,
    async post() {
      await pool.query(
        'select p.* from open_account($1) o, lateral post_pending($1, o.epoch, o.seq, 100, $2) p',
        [accountId, clock()],
      );
      const { rows } = await pool.query<{ id: string }>(
        `select id from top_ups where account_id = $1 and mode = 'auto' and state in ('open', 'processing', 'unknown')`,
        [accountId],
      );
      return rows[0]?.id;
    },
    async setRule() {
      await pool.query(
        `select set_auto_top_up($1, $2, $3, 10000000000, 20000000000, null, 200000000000, true, $4)`,
        [accountId, personId, card.id, clock()],
      );
    },
    async adjust(dollars) {
      await pool.query(`select store_command(gen_random_uuid(), $1, $2, 'adjustment', $3, '{}', $4)`, [
        accountId,
        `adjustment:${randomUUID()}`,
        dollars * 1_000_000_000,
        clock(),
      ]);
    },
    async charge(topUpId) {
      const step = await charge(clients, topUpId);
      return step.kind === 'paid' ? (await settle(clients, step.paymentIntentId)).kind : step.kind;
    },
    async rule() {
      const { rows } = await pool.query<RuleState>(
        'select state, suspension, decision, reason, next_evaluation_at from auto_top_up_rules where account_id = $1',
        [accountId],
      );
      const [rule] = rows;
      if (rule === undefined) throw new Error('there is no rule');
      return rule;
    },
    async attempts() {
      const { rows } = await pool.query(
        'select 1 from top_up_attempts a join top_ups t on t.id = a.top_up_id where t.account_id = $1',
        [accountId],
      );
      return rows.length;
    },
  };
  await account.setRule();
  return account;
}
