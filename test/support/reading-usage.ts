// Usage for tests of what people read: prices, events sent through the API, and postings made at once.
import type { Pool } from '../../ledger/database.ts';
import type { TestApi } from './api.ts';

/** A model at $2 a million input and $8 a million output tokens, in batches at half of it; cached input at $1. */
export async function createPrice(pool: Pool, model: string): Promise<void> {
  await pool.query(
    `insert into prices (model, effective_from, input, cached_input, cache_write, output,
       batch_input, batch_cached_input, batch_cache_write, batch_output, source, created_at)
     values ($1, '2020-01-01Z', 2000000000, 1000000000, 2000000000, 8000000000,
       1000000000, 500000000, 1000000000, 4000000000, 'test', now())`,
    [model],
  );
}

/** Sends usage events and expects each to be recorded. */
export async function sendUsage(
  api: TestApi,
  gatewayToken: string,
  events: readonly Readonly<Record<string, unknown>>[],
): Promise<void> {
  const { status, body } = await api.json('POST', '/v1/usage', { token: gatewayToken, body: events });
  const statuses: unknown = body.results?.map((result: { status: unknown }) => result.status);
  if (status !== 200 || JSON.stringify(statuses) !== JSON.stringify(events.map(() => 'recorded'))) {
    throw new Error(`usage was not recorded: ${status} ${JSON.stringify(body)}`);
  }
}

/** Posts what waits, as the account's actor would. */
export async function post(pool: Pool, accountId: string): Promise<void> {
  await pool.query('select open_account($1)', [accountId]);
  await pool.query(
    `select post_pending(account_id, epoch, open_seq - 1, 100, now()) from account_balances where account_id = $1`,
    [accountId],
  );
}
