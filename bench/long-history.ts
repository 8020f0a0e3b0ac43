// A history of a million requests, put into the tables as intake would have left them, and the reads that are hard in it.
import type { Pool } from 'pg';
import { dayNumber } from '../ledger/intake/day.ts';
import { ensureUsageDays } from '../ledger/intake/record-usage.ts';

export const LINES = 1_000_000;
const DAYS = 90;
const DAY_MS = 86_400_000;

export interface LongHistory {
  /** Where the console shows it. */
  readonly page: string;
  /** Paths by what they read. */
  readonly reads: Readonly<Record<string, string>>;
}

/** Two busy keys of two members and one that was hardly used, four models with a rare one, and batches. */
const INSERT_EVENTS = `
  insert into usage_events (account_id, day, id, position, entry_seq, member_id, api_key_id, model, batched, input_tokens,
    cached_input_tokens, cache_write_tokens, output_tokens, cost, occurred_at, recorded_at, batch_id)
  select $1::uuid, (t.at at time zone 'UTC')::date, 'long-' || n, n, 1 + n / 1000, k.member_id, k.id,
    case when n % 50021 = 7 then 'rare' else (array['atlas-large', 'atlas-mini', 'scribe-2'])[1 + n % 3] end,
    n % 4 = 0, 1200, 0, 0, 96, 1000 + n, t.at, t.at + interval '1 second',
    case when n % 4 = 0 then 'batch-' || n / 5000 end
  from generate_series(1, $2::int4) n
  cross join lateral (
    select $3::timestamptz + n * ($4::timestamptz - $3::timestamptz) / $2::int4 as at
  ) t
  join (select id, member_id, row_number() over (order by id) as place from api_keys limit 3) k
    on k.place = case when n % 40009 = 5 then 3 else 1 + n % 2 end`;

const INSERT_ROLLUPS = `
  insert into usage_rollups
  select account_id, (recorded_at at time zone 'UTC')::date, (occurred_at at time zone 'UTC')::date, member_id, api_key_id,
    model, batched, count(*), sum(input_tokens), 0, 0, sum(output_tokens), sum(cost), max(occurred_at)
  from usage_events where account_id = $1::uuid group by 1, 2, 3, 4, 5, 6, 7`;

/** Fills an account that has no usage yet; the keys are the first three there are, whoever pays for them. */
export async function seedLongHistory(
  pool: Pool,
  { organizationId, accountId }: { readonly organizationId: string; readonly accountId: string },
): Promise<LongHistory> {
  const [from, to] = [new Date(Date.now() - (DAYS - 1) * DAY_MS), new Date()];
  await ensureUsageDays(pool, dayNumber(from) - 1, dayNumber(to) + 1);
  const client = await pool.connect();
  try {
    // the rules of the ledger guard what is recorded, not what a measurement needs
    await client.query('set session_replication_role = replica');
    await client.query(INSERT_EVENTS, [accountId, LINES, from, to]);
    await client.query(INSERT_ROLLUPS, [accountId]);
    await client.query('update account_balances set last_position = $2 where account_id = $1', [
      accountId,
      LINES,
    ]);
    await client.query('analyze usage_events');
    await client.query('analyze usage_rollups');
  } finally {
    client.release(true);
  }
  const { rows: keys } = await pool.query<{ id: string; member_id: string }>(
    'select id, member_id from api_keys order by id limit 3',
  );
  const { rows: organizations } = await pool.query<{ slug: string }>(
    'select slug from auth.organizations where id = $1',
    [organizationId],
  );
  return {
    page: `/accounts/${organizations[0]?.slug}/transactions`,
    reads: readsOf(`/v1/accounts/${accountId}`, keys),
  };
}

function readsOf(
  account: string,
  [busy, , rare]: readonly { readonly id: string; readonly member_id: string }[],
): Record<string, string> {
  const history = `${account}/transactions?limit=100`;
  const day = (back: number) => new Date(Date.now() - back * DAY_MS).toISOString();
  return {
    me: '/v1/me',
    account,
    'top-ups': `${account}/top-ups?limit=20`,
    contributions: `${account}/contributions`,
    'any usage': `${account}/transactions?type=usage&limit=1`,
    history,
    'history of a member': `${history}&memberId=${busy?.member_id}`,
    'of a rare key': `${history}&apiKeyId=${rare?.id}`,
    'of a model': `${history}&model=atlas-mini`,
    'of a rare model': `${history}&model=rare`,
    'of no model': `${history}&model=none`,
    'of a batch': `${history}&batchId=batch-199`,
    'of credit': `${history}&type=top-up`,
    'of a day': `${history}&from=${day(71)}&to=${day(70)}`,
    'usage by day': `${account}/usage?groupBy=day`,
    'usage by key': `${account}/usage?groupBy=apiKey`,
  };
}
