// Statement: the entries of an account with their seq and the balance after each.
import type { Pool } from '../database.ts';
import { type Nanos, nanosFromString } from '../money.ts';
import { type Named, type NamesThen, readNames } from './names.ts';

export const entryTypes = [
  'usage',
  'top-up',
  'refund',
  'refund-reversed',
  'dispute',
  'dispute-reinstated',
  'grant',
  'adjustment',
] as const;

export type EntryType = (typeof entryTypes)[number];

export interface StatementEntry {
  readonly accountId: string;
  readonly seq: bigint;
  readonly type: EntryType;
  /** Signed: what the entry did to the balance. */
  readonly amount: Nanos;
  readonly balanceAfter: Nanos;
  readonly postedAt: Date;
  /** How many usage events a usage entry sums. */
  readonly eventCount: number;
  readonly topUpId: string | null;
  readonly mode: string | null;
  /** With the name of that time. */
  readonly payer: Named | null;
  readonly reason: string | null;
}

export const READ_STATEMENT = `
  select e.account_id, e.seq, e.type, case when e.credit = 'credit' then e.amount else -e.amount end as amount,
    e.balance_after, e.posted_at, e.event_count, c.details ->> 'topUpId' as top_up_id, c.details ->> 'mode' as mode,
    c.details ->> 'payerId' as payer_id, c.stored_at, c.details ->> 'reason' as reason
  from entries e
  left join ledger_commands c on c.id = e.command_id
  where e.account_id = $1::uuid and e.seq < $2::int8
    and ($4::timestamptz is null or e.posted_at >= $4::timestamptz)
    and ($5::timestamptz is null or e.posted_at < $5::timestamptz)
  order by e.seq desc limit $3::int4`;

/** From several places at once, each a seq of an account; at most `$3` entries from each. */
export const READ_ENTRIES_SINCE = `
  select s.place::int4, e.* from unnest($1::uuid[], $2::int8[]) with ordinality as s (account_id, seq, place)
  cross join lateral (
    select e.account_id, e.seq, e.type, case when e.credit = 'credit' then e.amount else -e.amount end as amount,
      e.balance_after, e.posted_at, e.event_count, c.details ->> 'topUpId' as top_up_id, c.details ->> 'mode' as mode,
      c.details ->> 'payerId' as payer_id, c.stored_at, c.details ->> 'reason' as reason
    from entries e
    left join ledger_commands c on c.id = e.command_id
    where e.account_id = s.account_id and e.seq > s.seq
    order by e.seq limit $3::int4
  ) e
  order by s.place, e.seq`;

interface StatementRow {
  account_id: string;
  seq: string;
  type: EntryType;
  amount: string;
  balance_after: string;
  posted_at: Date;
  event_count: string;
  top_up_id: string | null;
  mode: string | null;
  payer_id: string | null;
  /** Of credit: when it was stored. */
  stored_at: Date | null;
  reason: string | null;
}

const BEYOND_ALL = 2n ** 63n - 1n;

/** When entries were posted: from inclusive, to exclusive. */
export interface StatementFilter {
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
}

/** The entries before a seq, newest first. */
export async function readStatement(
  pool: Pool,
  accountId: string,
  { from, to }: StatementFilter,
  page: { before: bigint | undefined; limit: number },
): Promise<StatementEntry[]> {
  const values = [accountId, page.before ?? BEYOND_ALL, page.limit, from ?? null, to ?? null];
  const { rows } = await pool.query<StatementRow>(READ_STATEMENT, values);
  return withNames(pool, rows);
}

/** A place in an account's statement: behind the entry of this seq. */
export interface StatementPlace {
  readonly accountId: string;
  readonly seq: bigint;
}

/** The entries behind each of the places, oldest first, at most `limit` from each; in the order of the places. */
export async function readEntriesSince(
  pool: Pool,
  places: readonly StatementPlace[],
  limit: number,
): Promise<StatementEntry[][]> {
  const entries: StatementEntry[][] = places.map(() => []);
  if (places.length === 0) return entries;
  const { rows } = await pool.query<StatementRow & { place: number }>(READ_ENTRIES_SINCE, [
    places.map(({ accountId }) => accountId),
    places.map(({ seq }) => seq),
    limit,
  ]);
  const named = await withNames(pool, rows);
  for (const [index, entry] of named.entries()) entries[(rows[index]?.place ?? 0) - 1]?.push(entry);
  return entries;
}

async function withNames(pool: Pool, rows: readonly StatementRow[]): Promise<StatementEntry[]> {
  const payers = rows.flatMap((row) =>
    row.payer_id === null ? [] : [{ id: row.payer_id, at: row.stored_at ?? row.posted_at }],
  );
  const names = await readNames(pool, payers);
  return rows.map((row) => fromRow(row, names));
}

function fromRow(row: StatementRow, names: NamesThen): StatementEntry {
  return {
    accountId: row.account_id,
    seq: BigInt(row.seq),
    type: row.type,
    amount: nanosFromString(row.amount),
    balanceAfter: nanosFromString(row.balance_after),
    postedAt: row.posted_at,
    eventCount: Number(row.event_count),
    topUpId: row.top_up_id,
    mode: row.mode,
    payer: row.payer_id === null ? null : names.named(row.payer_id, row.stored_at ?? row.posted_at),
    reason: row.reason,
  };
}
