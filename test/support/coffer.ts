// The whole of Coffer for a test, every part a process of its own that can be killed.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { migrate } from '../../ledger/migrate.ts';
import { verify } from '../../ledger/verify/verify.ts';
import { createTestDatabase } from './database.ts';
import {
  createGatewayToken,
  createKey,
  createOperatorToken,
  createTeam,
  TEST_AUTH_SECRET,
  type TestOrganization,
} from './people.ts';
import { createProcesses, type Processes, type TestProcess, type TestServer } from './processes.ts';
import { until } from './soak.ts';
import { nanosOf, priceTestModel } from './traffic.ts';

const WEBHOOK_SECRET = 'whsec_chaos';
export const STRIPE_KEY = 'sk_test_sandbox';

export interface TestCoffer {
  readonly processes: Processes;
  readonly pool: pg.Pool;
  readonly api: TestProcess;
  readonly worker: TestProcess | undefined;
  readonly sandbox: TestProcess | undefined;
  readonly postgres: TestServer | undefined;
  readonly temporal: (TestServer & { wipe(): Promise<void> }) | undefined;
  readonly temporalAddress: string;
  readonly taskQueue: string;
  readonly url: string;
  readonly sandboxUrl: string;
  readonly gatewayToken: string;
  readonly operatorToken: string;
  /** What `GET /v1/accounts/{id}` says the balance is, in nanos. */
  balance(accountId: string): Promise<bigint>;
  /** What `verify` finds: a line, with its first offender, for every guarantee that does not hold. */
  broken(): Promise<string[]>;
  /** Waits until everything recorded is posted; needs the worker. */
  posted(): Promise<void>;
  stop(): Promise<void>;
}

export interface TestCofferOptions {
  /** A server of its own to kill; otherwise the run's. */
  readonly ownPostgres?: boolean;
  readonly ownTemporal?: boolean;
  readonly worker?: boolean;
  readonly sandbox?: boolean;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Starts Coffer; one that cannot be started leaves nothing behind. */
export async function startTestCoffer(options: TestCofferOptions = {}): Promise<TestCoffer> {
  const processes = await createProcesses();
  const closers: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    await processes.stop();
    for (const close of closers) await close();
  };
  try {
    const [database, temporal] = await Promise.all([
      options.ownPostgres === true ? ownDatabase(processes) : sharedDatabase(),
      options.ownTemporal === true ? processes.temporal() : undefined,
    ]);
    closers.push(database.close);
    const { pool } = database;
    await priceTestModel(pool);
    const temporalAddress = temporal?.address ?? process.env['TEMPORAL_ADDRESS'] ?? '';
    const taskQueue = `chaos-${randomUUID()}`;
    const common = {
      DATABASE_URL: database.url,
      TEMPORAL_ADDRESS: temporalAddress,
      TEMPORAL_TASK_QUEUE: taskQueue,
      STRIPE_SECRET_KEY: STRIPE_KEY,
      COFFER_AUTH_SECRET: TEST_AUTH_SECRET,
      LOG_LEVEL: 'info',
      SETTLEMENT_INTERVAL_MS: '2000',
      ...options.environment,
    };
    // the sandbox and the API know each other's address: the API's is chosen first
    const apiPort = { port: 0 };
    const sandbox =
      options.sandbox === true
        ? await processes.node('sandbox', 'dev/stripe/main.ts', (port) => ({
            SANDBOX_PORT: String(port),
            SANDBOX_DATA: `${processes.folder}/stripe.sqlite`,
          }))
        : undefined;
    const sandboxUrl = `http://127.0.0.1:${sandbox?.port ?? 9}`;
    const ours = { ...common, STRIPE_API_BASE: sandboxUrl, STRIPE_WEBHOOK_SECRETS: WEBHOOK_SECRET };
    const [api, worker] = await Promise.all([
      processes.node('api', 'api/main.ts', (port) => {
        apiPort.port = port;
        return { ...ours, COFFER_PORT: String(port), COFFER_BASE_URL: `http://127.0.0.1:${port}` };
      }),
      options.worker === true
        ? processes.node('worker', 'worker/main.ts', (port) => ({
            ...ours,
            WORKER_METRICS_PORT: String(port),
            COFFER_BASE_URL: `http://127.0.0.1:${apiPort.port}`,
          }))
        : undefined,
    ]);
    const url = `http://127.0.0.1:${api.port}`;
    if (sandbox !== undefined) {
      await fetch(`${sandboxUrl}/_sandbox/webhook`, {
        method: 'POST',
        body: JSON.stringify({ url: `${url}/webhooks/stripe`, secret: WEBHOOK_SECRET }),
      });
    }
    const [gatewayToken, operatorToken] = [await createGatewayToken(pool), await createOperatorToken(pool)];
    return {
      processes,
      pool,
      api,
      worker,
      sandbox,
      postgres: database.server,
      temporal,
      temporalAddress,
      taskQueue,
      url,
      sandboxUrl,
      gatewayToken,
      operatorToken,
      stop,
      balance: async (accountId) => await readBalance(url, operatorToken, accountId),
      broken: async () => await broken(pool),
      posted: async () =>
        await until('everything to be posted', async () => {
          const { rows } = await pool.query(
            'select 1 from account_balances where pending <> 0 or pending_count > 0 or commands_waiting > 0 or rung_at is not null limit 1',
          );
          return rows.length === 0;
        }),
    };
  } catch (e) {
    await stop();
    throw e;
  }
}

async function sharedDatabase() {
  const database = await createTestDatabase();
  return { url: database.url, pool: database.pool, server: undefined, close: database.drop };
}

async function ownDatabase(processes: Processes) {
  const server = await processes.postgres();
  await migrate(server.address);
  const pool = new pg.Pool({ connectionString: server.address });
  pool.on('error', () => {});
  return { url: server.address, pool, server, close: () => pool.end() };
}

async function readBalance(url: string, token: string, accountId: string): Promise<bigint> {
  const response = await fetch(`${url}/v1/accounts/${accountId}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const body: { balance?: string } = await response.json().then(Object);
  if (body.balance === undefined) throw new Error(`no balance: ${JSON.stringify(body)}`);
  return nanosOf(body.balance);
}

async function broken(pool: pg.Pool): Promise<string[]> {
  const report = await verify(pool, { now: new Date() });
  return report.checks.flatMap(({ ok, guarantee, firstOffender }) =>
    ok ? [] : `${guarantee}: ${firstOffender}`,
  );
}

export interface FundedTeam extends TestOrganization {
  /** A key each of owner, admin and member. */
  readonly apiKeyIds: readonly string[];
}

/** An organization of three people with a key each, and a grant in dollars. */
export async function createFundedTeam(pool: pg.Pool, dollars: number): Promise<FundedTeam> {
  const team = await createTeam(pool);
  const keys = await Promise.all(
    [team.owner, team.admin, team.member].map(({ personId }) =>
      createKey(pool, { accountId: team.accountId, memberId: personId }),
    ),
  );
  await grant(pool, team.accountId, dollars);
  return { ...team, apiKeyIds: keys.map(({ apiKeyId }) => apiKeyId) };
}

/** Stores a grant; the balance counts it at once. */
export async function grant(pool: pg.Pool, accountId: string, dollars: number): Promise<void> {
  await pool.query(
    `select store_command(gen_random_uuid(), $1, 'grant:' || gen_random_uuid(), 'grant', $2, '{}', $3)`,
    [accountId, BigInt(dollars) * 1_000_000_000n, new Date()],
  );
}

/** Waits until `count` has come to `least`, or `giveUp` says that it never will. */
export async function untilCount(count: () => number, least: number, giveUp: () => boolean): Promise<void> {
  while (count() < least && !giveUp()) await sleep(1);
}

/** Which of these events are not in the ledger. */
export async function missingEvents(
  pool: pg.Pool,
  accountId: string,
  events: readonly { readonly id: string }[],
): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>(
    `select x.id from unnest($2::text[]) x (id)
     where not exists (select 1 from usage_events e where e.account_id = $1 and e.id = x.id)`,
    [accountId, events.map(({ id }) => id)],
  );
  return rows.map(({ id }) => id);
}
