// Usage intake for a test: the handler on an HTTP server over a database of its own, and whoever sends to it.
import { createServer } from 'node:http';
import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import { createUsageHandler } from '../../api/intake/handler.ts';
import { Intake } from '../../api/intake/intake.ts';
import { createPool, type Pool } from '../../ledger/database.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { createKey, createTeam } from './people.ts';

const answer = z.object({
  results: z.array(
    z.object({
      id: z.string().nullable(),
      status: z.string(),
      cost: z.string().optional(),
      problem: z.object({ code: z.string(), detail: z.string().optional() }).optional(),
    }),
  ),
});

const standingRow = z.object({
  pending: z.string(),
  open_cost: z.string(),
  pending_count: z.string(),
  events_cost: z.string(),
  events: z.string(),
  rolled: z.string(),
});

export type UsageAnswer = z.output<typeof answer>['results'][number];

export interface TestSender {
  readonly accountId: string;
  readonly keyId: string;
  /** An event of a model that has a price, with whatever is given instead. */
  event(more?: object): Record<string, unknown>;
}

export interface TestIntake {
  readonly database: TestDatabase;
  readonly pool: Pool;
  readonly flushPool: Pool;
  readonly url: string;
  /** The accounts that were to be rung. */
  readonly crossings: string[];
  /** Sends a body; text is sent as it is. */
  post(body: unknown, headers?: Record<string, string>): Promise<Response>;
  /** Sends a body that must be accepted, and returns the results. */
  record(body: unknown, headers?: Record<string, string>): Promise<UsageAnswer[]>;
  /** A new account with a key. */
  freshKey(): Promise<TestSender>;
  /** What an account's balance row, events and rollups say. */
  standing(accountId: string): Promise<z.output<typeof standingRow>>;
  /** Gives a model its first price: so many femto-dollars an input token, the rest free; by default for all time. */
  price(model: string, input: bigint, from?: Date): Promise<void>;
  close(): Promise<void>;
}

/** Starts intake; `Bearer good` may send usage, `Bearer priced` may set its cost too. */
export async function startTestIntake(options: { bodyWithinMs?: number } = {}): Promise<TestIntake> {
  const database = await createTestDatabase();
  const pool = createPool(database.url, { applicationName: 'intake test' });
  const flushPool = createPool(database.url, { applicationName: 'intake test flush', lockTimeoutMs: 250 });
  await database.pool.query(
    `insert into prices (model, effective_from, input, cached_input, cache_write, output,
       batch_input, batch_cached_input, batch_cache_write, batch_output, source, created_at)
     values ('m', '1970-01-01', 150000000, 75000000, 150000000, 600000000, 75000000, 75000000, 75000000, 300000000, 'test', now())`,
  );
  const crossings: string[] = [];
  const intake = new Intake({
    pool,
    flushPool,
    clock: () => new Date(),
    onCrossing: ({ accountId }) => crossings.push(accountId),
    onUnpriced: () => undefined,
  });
  const scopes = new Map([
    ['Bearer good', new Set(['usage'])],
    ['Bearer priced', new Set(['usage', 'explicit-cost'])],
  ]);
  const handle = createUsageHandler({
    intake,
    authenticate: (authorization) => {
      const granted = scopes.get(authorization ?? '');
      return granted && { scopes: granted };
    },
    onFailure: (error) => console.error(error),
    ...options,
  });
  const server = createServer((request, response) => handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  const url = `http://127.0.0.1:${address.port}/v1/usage`;

  const post: TestIntake['post'] = (body, headers = {}) =>
    fetch(url, {
      method: 'POST',
      headers: { authorization: 'Bearer good', 'content-type': 'application/json', ...headers },
      body: Buffer.isBuffer(body)
        ? new Uint8Array(body)
        : typeof body === 'string'
          ? body
          : JSON.stringify(body),
    });
  return {
    database,
    pool,
    flushPool,
    url,
    crossings,
    post,
    async record(body, headers) {
      const response = await post(body, headers);
      if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
      return answer.parse(await response.json()).results;
    },
    freshKey: () => freshKey(database),
    standing: (accountId) => standing(database, accountId),
    async price(model, input, from = new Date(0)) {
      await database.pool.query(
        `insert into prices (model, effective_from, input, cached_input, cache_write, output,
           batch_input, batch_cached_input, batch_cache_write, batch_output, source, created_at)
         values ($1, $3, $2, 0, 0, 0, 0, 0, 0, 0, 'test', now())`,
        [model, input.toString(), from],
      );
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await intake.drain();
      await Promise.all([pool.end(), flushPool.end()]);
      await database.drop();
    },
  };
}

async function freshKey(database: TestDatabase): Promise<TestSender> {
  const team = await createTeam(database.pool);
  const key = await createKey(database.pool, { accountId: team.accountId, memberId: team.owner.personId });
  return {
    accountId: team.accountId,
    keyId: key.apiKeyId,
    event: (more = {}) => ({
      id: uuidv7(),
      apiKeyId: key.apiKeyId,
      model: 'm',
      inputTokens: 1000,
      outputTokens: 10,
      occurredAt: new Date().toISOString(),
      ...more,
    }),
  };
}

async function standing(database: TestDatabase, accountId: string) {
  const { rows } = await database.pool.query(
    `select b.pending, b.open_cost, b.pending_count,
       (select coalesce(sum(cost), 0) from usage_events e where e.account_id = b.account_id)::text as events_cost,
       (select count(*) from usage_events e where e.account_id = b.account_id)::text as events,
       (select coalesce(sum(cost), 0) from usage_rollups r where r.account_id = b.account_id)::text as rolled
     from account_balances b where account_id = $1`,
    [accountId],
  );
  return standingRow.parse(rows[0]);
}
