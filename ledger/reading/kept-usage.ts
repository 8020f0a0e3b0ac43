// Usage that operators look after: what was rejected and why, and what waits for its price.
import type { Pool } from '../database.ts';

export const READ_REJECTED_USAGE = `
  select id, account_id, event_id, code, detail, event, received_at from rejected_usage
  where id < $1::int8 and ($2::uuid is null or account_id = $2::uuid) and ($3::text is null or code = $3::text)
  order by id desc limit $4::int4`;

export interface RejectedUsageRow {
  id: string;
  account_id: string | null;
  event_id: string | null;
  code: string;
  detail: string;
  event: unknown;
  received_at: Date;
}

export const READ_UNPRICED_USAGE = `
  select account_id, id, model, batched, input_tokens, cached_input_tokens, cache_write_tokens, output_tokens,
    occurred_at, received_at, to_char(received_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as received_exactly
  from unpriced_usage
  where priced_at is null and ($1::text is null or model = $1::text)
    and (received_at, account_id, id) > ($2::timestamptz, $3::uuid, $4::text)
  order by received_at, account_id, id limit $5::int4`;

export interface UnpricedUsageRow {
  account_id: string;
  id: string;
  model: string;
  batched: boolean;
  input_tokens: number;
  cached_input_tokens: number;
  cache_write_tokens: number;
  output_tokens: number;
  occurred_at: Date;
  received_at: Date;
  /** To the microsecond, for the next page. */
  received_exactly: string;
}

const BEYOND_ALL = 2n ** 63n - 1n;

/** What was rejected, newest first. */
export async function readRejectedUsage(
  pool: Pool,
  page: {
    before: bigint | undefined;
    accountId: string | undefined;
    code: string | undefined;
    limit: number;
  },
): Promise<RejectedUsageRow[]> {
  const values = [page.before ?? BEYOND_ALL, page.accountId ?? null, page.code ?? null, page.limit];
  const { rows } = await pool.query<RejectedUsageRow>(READ_REJECTED_USAGE, values);
  return rows;
}

/** What waits for its price, oldest first. */
export async function readUnpricedUsage(
  pool: Pool,
  page: { after: readonly [string, string, string] | undefined; model: string | undefined; limit: number },
): Promise<UnpricedUsageRow[]> {
  const [receivedAt, accountId, id] = page.after ?? ['-infinity', '00000000-0000-0000-0000-000000000000', ''];
  const values = [page.model ?? null, receivedAt, accountId, id, page.limit];
  const { rows } = await pool.query<UnpricedUsageRow>(READ_UNPRICED_USAGE, values);
  return rows;
}
