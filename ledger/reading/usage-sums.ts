// Usage sums: what was used by day, member, key, model and tier, from the rollups alone.
import type { Pool } from '../database.ts';
import { type Nanos, nanosFromString } from '../money.ts';

export const groupings = ['day', 'member', 'apiKey', 'model', 'tier'] as const;

export type Grouping = (typeof groupings)[number];

/** What sums can be limited to the dearest of. */
export const rankings = ['member', 'apiKey', 'model'] as const;

export type Ranking = (typeof rankings)[number];

export interface UsageFilter {
  /** Days on which it occurred: from inclusive, to exclusive. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly memberId?: string | undefined;
  readonly apiKeyId?: string | undefined;
  readonly model?: string | undefined;
}

/** A sum; what it is not grouped by is null, and so is what stands for all that a ranking leaves out. */
export interface UsageSum {
  readonly day: string | null;
  readonly member: { readonly id: string; readonly name: string | null } | null;
  readonly apiKey: { readonly id: string; readonly name: string | null } | null;
  readonly model: string | null;
  readonly batched: boolean | null;
  readonly events: number;
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly cacheWriteTokens: number;
  readonly outputTokens: number;
  readonly cost: Nanos;
}

// The days when it was recorded are bounded too, because the rollups' key begins with them: usage is recorded at
// most 35 days after it occurred, or 5 minutes before.
export const SUM_USAGE = `
  select to_char(s.day, 'YYYY-MM-DD') as day, s.member_id, p.name as member_name, s.api_key_id, k.name as api_key_name,
    s.model, s.batched, s.events, s.input_tokens, s.cached_input_tokens, s.cache_write_tokens, s.output_tokens, s.cost
  from (
    select
      case when 'day' = any ($2::text[]) then r.occurred_day end as day,
      case when 'member' = any ($2::text[]) and coalesce(r.member_id::text = any ($9::text[]), true) then r.member_id end as member_id,
      case when 'apiKey' = any ($2::text[]) and coalesce(r.api_key_id::text = any ($9::text[]), true) then r.api_key_id end as api_key_id,
      case when 'model' = any ($2::text[]) and coalesce(r.model = any ($9::text[]), true) then r.model end as model,
      case when 'tier' = any ($2::text[]) then r.batched end as batched,
      sum(r.event_count)::int8 as events, sum(r.input_tokens)::int8 as input_tokens,
      sum(r.cached_input_tokens)::int8 as cached_input_tokens, sum(r.cache_write_tokens)::int8 as cache_write_tokens,
      sum(r.output_tokens)::int8 as output_tokens, sum(r.cost)::int8 as cost
    from usage_rollups r
    where r.account_id = $1::uuid
      and ($3::date is null or (r.occurred_day >= $3::date and r.recorded_day >= $3::date - 1))
      and ($4::date is null or (r.occurred_day < $4::date and r.recorded_day < $4::date + 37))
      and ($6::uuid is null or r.member_id = $6::uuid)
      and ($7::uuid is null or r.api_key_id = $7::uuid)
      and ($8::text is null or r.model = $8::text)
    group by 1, 2, 3, 4, 5
  ) s
  left join auth.people p on p.id = s.member_id
  left join api_keys k on k.id = s.api_key_id
  order by s.day, ($9::text[] is not null and coalesce(s.member_id::text, s.api_key_id::text, s.model) is null),
    s.cost desc, s.member_id, s.api_key_id, s.model, s.batched
  limit $5::int4`;

interface UsageSumRow {
  day: string | null;
  member_id: string | null;
  member_name: string | null;
  api_key_id: string | null;
  api_key_name: string | null;
  model: string | null;
  batched: boolean | null;
  events: string;
  input_tokens: string;
  cached_input_tokens: string;
  cache_write_tokens: string;
  output_tokens: string;
  cost: string;
}

export interface UsageSumOptions {
  readonly groupBy: readonly Grouping[];
  readonly limit: number;
  /** Only these members, keys or models (whichever it is grouped by) stand for themselves; the rest is one sum. */
  readonly kept?: readonly string[] | undefined;
}

/** Sums by any of the groupings, the earliest day first, within it the dearest, and the rest of a ranking last. */
export async function sumUsage(
  pool: Pool,
  accountId: string,
  filter: UsageFilter,
  { groupBy, limit, kept }: UsageSumOptions,
): Promise<UsageSum[]> {
  const { rows } = await pool.query<UsageSumRow>(SUM_USAGE, [
    accountId,
    groupBy,
    filter.from ?? null,
    filter.to ?? null,
    limit,
    filter.memberId ?? null,
    filter.apiKeyId ?? null,
    filter.model ?? null,
    kept ?? null,
  ]);
  return rows.map((row) => ({
    day: row.day,
    member: row.member_id === null ? null : { id: row.member_id, name: row.member_name },
    apiKey: row.api_key_id === null ? null : { id: row.api_key_id, name: row.api_key_name },
    model: row.model,
    batched: row.batched,
    events: Number(row.events),
    inputTokens: Number(row.input_tokens),
    cachedInputTokens: Number(row.cached_input_tokens),
    cacheWriteTokens: Number(row.cache_write_tokens),
    outputTokens: Number(row.output_tokens),
    cost: nanosFromString(row.cost),
  }));
}

/** The members, keys or models that cost most, the dearest first: their ids (of a model its name). */
export async function rankUsage(
  pool: Pool,
  accountId: string,
  filter: UsageFilter,
  ranking: { readonly by: Ranking; readonly limit: number },
): Promise<string[]> {
  const sums = await sumUsage(pool, accountId, filter, { groupBy: [ranking.by], limit: ranking.limit });
  return sums.flatMap(({ member, apiKey, model }) => member?.id ?? apiKey?.id ?? model ?? []);
}
