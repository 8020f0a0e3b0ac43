// Payments for a test: the API, a worker with its drains, and a sandbox that sends webhooks, on a database of their own.
import { randomUUID } from 'node:crypto';
import type { Worker } from '@temporalio/worker';
import { v7 as uuidv7 } from 'uuid';
import { type TopUpFaults, topUpActivities } from '../../activities/payments/activities.ts';
import { createPaymentClients, type PaymentClients } from '../../activities/payments/clients.ts';
import { postingActivities } from '../../activities/posting.ts';
import { ringActivities } from '../../activities/ring.ts';
import type { Clock } from '../../ledger/clock.ts';
import { createPool, type Pool } from '../../ledger/database.ts';
import { startDrains } from '../../worker/drains.ts';
import { createLogger } from '../../worker/logging.ts';
import { createWorkerMetrics } from '../../worker/metrics.ts';
import { overdueCardSetups, overdueTopUps, webhookEvents } from '../../worker/payment-tasks.ts';
import { ringAccount, type TemporalClient } from '../../workflows/client.ts';
import { startTestApi, type TestApi } from './api.ts';
import { createTestDatabase } from './database.ts';
import { createTeam, createTestAuth, signIn, type TestOrganization } from './people.ts';
import { startTestSandbox, submitPage, type TestSandbox, until } from './sandbox.ts';
import { connectTestTemporal, type TestTemporal } from './temporal.ts';

const NANOS = 1_000_000_000;

export interface TestPayments {
  readonly pool: Pool;
  readonly sandbox: TestSandbox;
  readonly api: TestApi;
  readonly temporal: TemporalClient;
  readonly clients: PaymentClients;
  /** What operators were told. */
  readonly alerts: string[];
  /** Moves both clocks, ours and the sandbox's. */
  advance(ms: number): Promise<void>;
  team(): Promise<TestTeam>;
  /** Saves a card through the hosted page and returns its id. */
  saveCard(token: string, testCard?: string): Promise<string>;
  /** Pays on a hosted page and returns where it sends people back to. */
  pay(checkoutUrl: string, testCard?: string): Promise<string>;
  /** Adds credit, or takes it with a negative amount, and rings. */
  adjust(accountId: string, dollars: number): Promise<void>;
  ring(accountId: string): Promise<void>;
  /** The balance in dollars: posted and pending. */
  balance(accountId: string): Promise<number>;
  /** The purchases of an account: one line for each credit. */
  purchases(accountId: string): Promise<{ key: string; amount: string; details: Record<string, string> }[]>;
  topUps(
    accountId: string,
  ): Promise<{ id: string; mode: string; state: string; reason: string | null; dollars: number }[]>;
  succeeded(accountId: string): Promise<Record<string, unknown>[]>;
  /** Waits until nothing is under way: no open auto top-up, no event, no command. */
  calm(): Promise<void>;
  stop(): Promise<void>;
}

export interface TestTeam extends TestOrganization {
  readonly tokens: Record<'owner' | 'admin' | 'member' | 'outsider', string>;
}

export interface TestPaymentsOptions {
  readonly faults?: TopUpFaults;
  /** Without a worker nothing is charged, posted or followed. */
  readonly worker?: boolean;
}

/** Starts everything; `stop` ends it and fails when something is left. */
export async function startTestPayments(options: TestPaymentsOptions = {}): Promise<TestPayments> {
  const [database, connected, sandbox] = await Promise.all([
    createTestDatabase(),
    connectTestTemporal(),
    startTestSandbox(),
  ]);
  const pool = createPool(database.url, { applicationName: 'payments under test', most: 20 });
  const taskQueue = randomUUID();
  let aheadMs = 0;
  const clock: Clock = () => new Date(Date.now() + aheadMs);
  const api = await startTestApi(database, {
    clock,
    environment: {
      STRIPE_API_BASE: sandbox.url,
      STRIPE_SECRET_KEY: 'sk_test_sandbox',
      STRIPE_WEBHOOK_SECRETS: `whsec_rotated,${sandbox.webhookSecret}`,
      TEMPORAL_TASK_QUEUE: taskQueue,
    },
  });
  sandbox.setWebhookUrl(`${api.url}/webhooks/stripe`);
  const temporal: TemporalClient = { client: connected.client, taskQueue };
  const logger = createLogger('silent');
  const alerts: string[] = [];
  const made = createPaymentClients({
    secretKey: 'sk_test_sandbox',
    apiBase: sandbox.url,
    pool,
    clock,
    temporal,
    deployment: 'default',
    baseUrl: 'http://localhost:8080',
    logger,
  });
  const clients: PaymentClients = { ...made, alert: (_fields, message) => alerts.push(message) };
  const stopWorker =
    options.worker === false ? async () => {} : await work(connected, temporal, clients, options);
  const auth = createTestAuth(pool);
  const payments: TestPayments = {
    pool,
    sandbox,
    api,
    temporal,
    clients,
    alerts,
    async advance(ms) {
      aheadMs += ms;
      await sandbox.control('advance', { seconds: ms / 1_000 });
    },
    async team() {
      const team = await createTeam(pool, clock());
      const token = (personId: string) => signIn(auth, personId);
      return {
        ...team,
        tokens: {
          owner: await token(team.owner.personId),
          admin: await token(team.admin.personId),
          member: await token(team.member.personId),
          outsider: await token(team.outsider.personId),
        },
      };
    },
    async saveCard(token, testCard = 'pm_card_visa') {
      const before = await cardsOf(api, token);
      const { status, body } = await api.json('POST', '/v1/me/payment-methods', { token });
      if (status !== 201) throw new Error(JSON.stringify(body));
      await followBack(api, await payments.pay(body.setupUrl, testCard), token);
      const saved = (await cardsOf(api, token)).find((id) => !before.includes(id));
      if (saved === undefined) throw new Error(`${testCard} was not saved`);
      return saved;
    },
    async pay(checkoutUrl, testCard = 'pm_card_visa') {
      const response = await submitPage(checkoutUrl, { testCard });
      const location = response.headers.get('location');
      if (location === null) throw new Error(`the page answered ${response.status}`);
      return location;
    },
    async adjust(accountId, dollars) {
      await pool.query(`select store_command($1, $2, $3, 'adjustment', $4, '{}', $5)`, [
        uuidv7(),
        accountId,
        `adjustment:${randomUUID()}`,
        Math.round(dollars * NANOS),
        clock(),
      ]);
      await payments.ring(accountId);
    },
    ring: (accountId) => ringAccount(temporal, { accountId, reason: 'command-stored' }),
    async balance(accountId) {
      const { rows } = await pool.query<{ balance: string }>(
        'select posted + pending as balance from account_balances where account_id = $1',
        [accountId],
      );
      return Number(rows[0]?.balance) / NANOS;
    },
    async purchases(accountId) {
      const { rows } = await pool.query<{ key: string; amount: string; details: Record<string, string> }>(
        `select key, amount, details from ledger_commands where account_id = $1 and type = 'top-up' order by arrival`,
        [accountId],
      );
      return rows;
    },
    async topUps(accountId) {
      const { rows } = await pool.query<{
        id: string;
        mode: string;
        state: string;
        reason: string | null;
        amount: string;
      }>('select id, mode, state, reason, amount from top_ups where account_id = $1 order by id', [
        accountId,
      ]);
      return rows.map(({ amount, ...row }) => ({ ...row, dollars: Number(amount) / NANOS }));
    },
    succeeded: (accountId) => sandbox.charges({ status: 'succeeded', accountId }),
    calm: () =>
      until(async () => {
        const { rows } = await pool.query(
          `select from top_ups where mode = 'auto' and state in ('open', 'processing') and next_attempt_at is null
           union all select from webhook_events where state = 'waiting'
           union all select from auto_top_up_rules where next_evaluation_at <= $1
           union all select from account_balances where commands_waiting > 0 or rung_at is not null limit 1`,
          [clock()],
        );
        return rows.length === 0;
      }, 'everything to come to rest'),
    async stop() {
      await stopWorker();
      await sandbox.close();
      await api.close();
      await pool.end();
      await connected.close();
      await database.drop();
    },
  };
  return payments;
}

async function work(
  connected: TestTemporal,
  temporal: TemporalClient,
  clients: PaymentClients,
  { faults }: TestPaymentsOptions,
): Promise<() => Promise<void>> {
  const { pool, clock } = clients;
  const worker: Worker = await connected.createWorker({
    taskQueue: temporal.taskQueue,
    activities: {
      ...postingActivities({ pool, clock, temporal }),
      ...ringActivities(temporal),
      ...topUpActivities(clients, { ...(faults !== undefined && { faults }) }),
    },
  });
  const running = worker.run();
  const drains = startDrains({
    clock,
    logger: createLogger('silent'),
    metrics: createWorkerMetrics(async () => ({ rings: 0, oldestSeconds: 0 })),
    tasks: [webhookEvents(clients), overdueTopUps(clients, temporal), overdueCardSetups(clients)],
    intervalMs: 50,
  });
  return async () => {
    await drains.stop();
    worker.shutdown();
    await running;
  };
}

async function cardsOf(api: TestApi, token: string): Promise<string[]> {
  const { body } = await api.json('GET', '/v1/me/payment-methods', { token });
  return body.items.map(({ id }: { id: string }) => id);
}

/** Opens the page to which a hosted page sends people back, on the test's port; one that leads on says where to. */
export async function followBack(api: TestApi, location: string, token?: string): Promise<string> {
  const { pathname, search } = new URL(location);
  const response = await fetch(api.url + pathname + search, {
    redirect: 'manual',
    ...(token !== undefined && { headers: { authorization: `Bearer ${token}` } }),
  });
  const address = response.headers.get('location');
  return address === null ? response.text() : `${response.status} ${address}`;
}
