// Verify: sums of an account's usage events, read in ranges of position and kept in the groups of the rollups.
import type { Pool } from '../database.ts';

const SUM_RANGE = `
  select u.entry_seq::text, (u.recorded_at at time zone 'UTC')::date::text as recorded_day, (u.occurred_at at time zone 'UTC')::date::text as occurred_day,
  u.member_id, u.api_key_id, u.model, u.batched, count(*)::text as event_count, sum(u.input_tokens)::text as input_tokens,
  sum(u.cached_input_tokens)::text as cached_input_tokens, sum(u.cache_write_tokens)::text as cache_write_tokens,
  sum(u.output_tokens)::text as output_tokens, sum(u.cost)::text as cost
  from usage_events u
  where u.account_id = $1::uuid and u.position > $2::int8 and u.position <= $3::int8
  group by u.entry_seq, 2, 3, u.member_id, u.api_key_id, u.model, u.batched`;

/** One group of a rollup, of whatever origin. */
export interface GroupRow {
  recorded_day: string;
  occurred_day: string;
  member_id: string;
  api_key_id: string;
  model: string;
  batched: boolean;
  event_count: string;
  input_tokens: string;
  cached_input_tokens: string;
  cache_write_tokens: string;
  output_tokens: string;
  cost: string;
}

const SUMMED = [
  'event_count',
  'input_tokens',
  'cached_input_tokens',
  'cache_write_tokens',
  'output_tokens',
  'cost',
] as const;

/** The sums per group of all usage events up to `position`. */
export class UsageSums {
  position = 0n;
  readonly groups = new Map<string, bigint[]>();
  /** Who used what: `member key`, each once. */
  readonly attributions = new Map<string, { memberId: string; apiKeyId: string }>();

  /** Adds the events of a range and returns what they count and cost per entry. */
  async addRange(pool: Pool, account: string, after: bigint, upTo: bigint) {
    const entries = new Map<string, { count: bigint; cost: bigint }>();
    if (upTo > after) {
      const { rows } = await pool.query<GroupRow & { entry_seq: string }>(SUM_RANGE, [
        account,
        after.toString(),
        upTo.toString(),
      ]);
      for (const row of rows) {
        this.add(row);
        const entry = entries.get(row.entry_seq) ?? { count: 0n, cost: 0n };
        entry.count += BigInt(row.event_count);
        entry.cost += BigInt(row.cost);
        entries.set(row.entry_seq, entry);
      }
      this.position = upTo;
    }
    return entries;
  }

  /** Adds a group of events. */
  add(row: GroupRow): void {
    const key = groupKey(row);
    const sums = this.groups.get(key) ?? SUMMED.map(() => 0n);
    this.groups.set(
      key,
      SUMMED.map((name, i) => (sums[i] ?? 0n) + BigInt(row[name])),
    );
    this.attributions.set(`${row.member_id} ${row.api_key_id}`, {
      memberId: row.member_id,
      apiKeyId: row.api_key_id,
    });
  }
}

export function groupKey(row: GroupRow): string {
  return [
    row.recorded_day,
    row.occurred_day,
    row.member_id,
    row.api_key_id,
    row.batched ? 'batch' : 'standard',
    row.model,
  ].join(' ');
}

export function groupSums(row: GroupRow): bigint[] {
  return SUMMED.map((name) => BigInt(row[name]));
}
