// Verify: sums of an account's usage events, read in ranges of position and kept in the groups of the rollups.
import type { Connection } from '../database.ts';

const MOST_POSITIONS = 50_000n;

const SUM_RANGE = `
  select u.entry_seq::text, (u.recorded_at at time zone 'UTC')::date::text as recorded_day, (u.occurred_at at time zone 'UTC')::date::text as occurred_day,
  u.member_id, u.api_key_id, u.model, u.batched, count(*)::text as event_count, sum(u.input_tokens)::text as input_tokens,
  sum(u.cached_input_tokens)::text as cached_input_tokens, sum(u.cache_write_tokens)::text as cache_write_tokens,
  sum(u.output_tokens)::text as output_tokens, sum(u.cost)::text as cost, max(u.position)::text as newest
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

/** What the events stamped with one seq count and cost, and the last of their positions. */
export interface StampedSum {
  count: bigint;
  cost: bigint;
  newest: bigint;
}

/** The sums per group of an account's usage events up to `position`, of the days recorded since `recordedSince`. */
export class UsageSums {
  position = 0n;
  /** How many events were read. */
  events = 0;
  /** The first recorded day whose groups are complete; undefined: all are. */
  readonly recordedSince: string | undefined;
  readonly groups: Map<string, bigint[]>;
  /** Who used what: `member key`, each once. */
  readonly attributions = new Map<string, { memberId: string; apiKeyId: string }>();
  readonly #account: string;

  constructor(
    account: string,
    before?: { position: bigint; recordedSince: string | undefined; groups: ReadonlyMap<string, bigint[]> },
  ) {
    this.#account = account;
    this.position = before?.position ?? 0n;
    this.recordedSince = before?.recordedSince;
    this.groups = new Map(before?.groups);
  }

  /** Adds the events up to a position, some ten thousand a statement, and returns their sums by the seq stamped on them. */
  async addUpTo(
    connection: Pick<Connection, 'query'>,
    upTo: bigint,
    onStep: () => void,
  ): Promise<Map<string, StampedSum>> {
    const stamped = new Map<string, StampedSum>();
    while (this.position < upTo) {
      const end = this.position + MOST_POSITIONS < upTo ? this.position + MOST_POSITIONS : upTo;
      const { rows } = await connection.query<GroupRow & { entry_seq: string; newest: string }>(SUM_RANGE, [
        this.#account,
        this.position.toString(),
        end.toString(),
      ]);
      for (const row of rows) this.#add(row, stamped);
      this.position = end;
      onStep();
    }
    return stamped;
  }

  /** Whether a group's day is one of those that are complete here. */
  covers(recordedDay: string): boolean {
    return this.recordedSince === undefined || recordedDay >= this.recordedSince;
  }

  #add(row: GroupRow & { entry_seq: string; newest: string }, stamped: Map<string, StampedSum>): void {
    this.events += Number(row.event_count);
    this.attributions.set(`${row.member_id} ${row.api_key_id}`, {
      memberId: row.member_id,
      apiKeyId: row.api_key_id,
    });
    const sum = stamped.get(row.entry_seq) ?? { count: 0n, cost: 0n, newest: 0n };
    sum.count += BigInt(row.event_count);
    sum.cost += BigInt(row.cost);
    if (BigInt(row.newest) > sum.newest) sum.newest = BigInt(row.newest);
    stamped.set(row.entry_seq, sum);
    if (!this.covers(row.recorded_day)) return;
    const key = groupKey(row);
    const sums = this.groups.get(key) ?? SUMMED.map(() => 0n);
    this.groups.set(
      key,
      SUMMED.map((name, i) => (sums[i] ?? 0n) + BigInt(row[name])),
    );
  }
}

/** Begins with the recorded day, so that keys sort by it. */
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
