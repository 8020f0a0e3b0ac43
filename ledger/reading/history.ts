// History: usage events and credit entries of an account as one list, newest first, read a bounded piece at a time.
import type { Pool } from '../database.ts';
import {
  cursorOf,
  fromRow,
  type HistoryCursor,
  type HistoryLine,
  type HistoryRow,
  mentionsOf,
  type TransactionType,
} from './history-line.ts';
import { readNames } from './names.ts';
import { usageDays } from './usage-days.ts';

export interface HistoryFilter {
  /** Bounds of when it occurred: from inclusive, to exclusive. */
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
  readonly type?: TransactionType | undefined;
  /** Whose key it was, or who paid. */
  readonly memberId?: string | undefined;
  readonly apiKeyId?: string | undefined;
  readonly model?: string | undefined;
  readonly batchId?: string | undefined;
}

export interface HistoryPage {
  readonly lines: HistoryLine[];
  /** Where to read on; undefined when this was the last page. A page may be short and still have a next one. */
  readonly next: HistoryCursor | undefined;
}

const READ_HISTORY = `
  select * from (
    (select 'usage' as type, u.position, 0::int8 as seq, -u.cost as amount, u.occurred_at, u.recorded_at, u.entry_seq,
      u.id as usage_event_id, u.member_id as person_id, u.api_key_id,
      u.model, u.batched, u.input_tokens, u.cached_input_tokens, u.cache_write_tokens, u.output_tokens, u.batch_id,
      null as top_up_id, null as mode, null as reason
    from usage_events u
    where $13::boolean and u.account_id = $1::uuid and u.position > $4::int8
      and u.position <= $2::int8 - (case when $3::int8 > 0 then 0 else 1 end)
      and ($5::timestamptz is null or u.occurred_at >= $5::timestamptz)
      and ($6::timestamptz is null or u.occurred_at < $6::timestamptz)
      and ($7::uuid is null or u.member_id = $7::uuid)
      and ($8::uuid is null or u.api_key_id = $8::uuid)
      and ($9::text is null or u.model = $9::text)
      and ($10::text is null or u.batch_id = $10::text)
      and ($14::date[] is null or u.day = any ($14::date[]))
    order by u.position desc limit $12::int4)
    union all
    (select e.type::text, e.last_position, e.seq, case when e.credit = 'credit' then e.amount else -e.amount end,
      c.stored_at, e.posted_at, e.seq, null, (c.details ->> 'payerId')::uuid, null,
      null, null, null, null, null, null, null,
      c.details ->> 'topUpId', c.details ->> 'mode', c.details ->> 'reason'
    from entries e
    join ledger_commands c on c.id = e.command_id
    where $8::uuid is null and $9::text is null and $10::text is null
      and e.account_id = $1::uuid and e.type <> 'usage'
      and (e.last_position, e.seq) < ($2::int8, $3::int8) and e.last_position > $4::int8
      and e.type::text = any ($11::text[])
      and ($5::timestamptz is null or c.stored_at >= $5::timestamptz)
      and ($6::timestamptz is null or c.stored_at < $6::timestamptz)
      and ($7::uuid is null or (c.details ->> 'payerId')::uuid = $7::uuid)
    order by e.last_position desc, e.seq desc limit $12::int4)
  ) lines
  order by position desc, seq desc limit $12::int4`;

const ENTRY_POSITION = `
  select last_position from entries where account_id = $1::uuid and seq = $2::int8`;

const LAST_POSITION = `
  select last_position from account_balances where account_id = $1::uuid`;

const RECORDED_AT = `
  select recorded_at from usage_events where account_id = $1::uuid and position = $2::int8`;

const ENTRY_TYPES: Record<TransactionType, readonly string[]> = {
  usage: [],
  'top-up': ['top-up'],
  refund: ['refund', 'refund-reversed'],
  dispute: ['dispute', 'dispute-reinstated'],
  grant: ['grant'],
  adjustment: ['adjustment'],
};

const NEWEST: HistoryCursor = { position: 2n ** 63n - 1n, seq: 2n ** 63n - 1n };

/** How far one statement looks when a filter may leave out most of what is there. */
export interface SearchBounds {
  /** Positions in a window. */
  readonly window: bigint;
  /** So much usage may be looked through without windows, which takes a fraction of a second. */
  readonly atOnce: number;
  readonly withinMs: number;
}

const BOUNDS: SearchBounds = { window: 50_000n, atOnce: 300_000, withinMs: 1_500 };

/** What occurred may have been recorded this much "earlier" (senders' clocks run ahead), and processes' clocks differ. */
const CLOCKS_APART_MS = 10 * 60_000;

/**
 * A page of an account's history, newest first; each line names people and keys as they were called then. With a
 * filter that matches little it searches for about a second and a half, then returns what it found with the place to
 * read on.
 */
export async function readHistory(
  pool: Pool,
  accountId: string,
  filter: HistoryFilter,
  page: { before?: HistoryCursor | undefined; limit: number },
  bounds = BOUNDS,
): Promise<HistoryPage> {
  const before = page.before ?? NEWEST;
  const { rows, next } = isSelective(filter)
    ? await search(pool, accountId, filter, { before, limit: page.limit, bounds })
    : cut(await readWindow(pool, accountId, filter, before, -1n, page.limit + 1), page.limit);
  const names = await readNames(pool, rows.flatMap(mentionsOf));
  return { lines: rows.map((row) => fromRow(row, names)), next };
}

/** The line with this id (`usage-<position>` or `entry-<seq>`); undefined when the account has none. */
export async function readTransaction(
  pool: Pool,
  accountId: string,
  id: string,
): Promise<HistoryLine | undefined> {
  const [, kind, digits = ''] = /^(usage|entry)-(\d{1,18})$/.exec(id) ?? [];
  if (kind === undefined) return undefined;
  const place = kind === 'usage' ? BigInt(digits) : await positionOfEntry(pool, accountId, BigInt(digits));
  if (place === undefined) return undefined;
  const isUsage = kind === 'usage';
  const before = { position: place, seq: isUsage ? 1n : BigInt(digits) + 1n };
  const rows = await readWindow(pool, accountId, {}, before, place - 1n, 2);
  const row = rows.find(({ type, entry_seq }) =>
    isUsage ? type === 'usage' : type !== 'usage' && entry_seq === digits,
  );
  return row && fromRow(row, await readNames(pool, mentionsOf(row)));
}

interface RowPage {
  readonly rows: HistoryRow[];
  readonly next: HistoryCursor | undefined;
}

/**
 * Looks through the newest window, where a filter that matches much fills the page. For one that does not, the rollups
 * know the days, and only these are looked through: at once where they are few, else in windows, until the page is
 * full, everything was seen, or the time is up.
 */
async function search(
  pool: Pool,
  accountId: string,
  filter: HistoryFilter,
  { before, limit, bounds }: { before: HistoryCursor; limit: number; bounds: SearchBounds },
): Promise<RowPage> {
  const deadlineMs = performance.now() + bounds.withinMs;
  const low = below(await highestPosition(pool, accountId, before), bounds);
  const rows = await readWindow(pool, accountId, filter, before, low, limit + 1);
  if (rows.length > limit || low < 0n) return cut(rows, limit);
  const rest = { position: low + 1n, seq: 0n };
  const left = limit + 1 - rows.length;
  const where = await usageDays(pool, accountId, filter);
  const read = (days: readonly string[]) => readWindow(pool, accountId, filter, rest, -1n, left, days);

  // from the very top down, the count of what matches tells when all of it is found
  const missing =
    where.matching === undefined || before.position < NEWEST.position
      ? Number.POSITIVE_INFINITY
      : where.matching - countUsage(rows);
  if (missing < left && where.events <= bounds.atOnce) {
    const found = await read(where.days);
    if (countUsage(found) === missing) return cut([...rows, ...found], limit);
  }
  if (where.eventsAround <= bounds.atOnce) return cut([...rows, ...(await read(where.daysAround))], limit);
  return await searchWindows(pool, accountId, filter, {
    rows,
    low,
    limit,
    days: where.daysAround,
    bounds,
    deadlineMs,
  });
}

interface Search {
  /** What was found so far, above `low`. */
  readonly rows: HistoryRow[];
  readonly low: bigint;
  readonly limit: number;
  readonly days: readonly string[];
  readonly bounds: SearchBounds;
  readonly deadlineMs: number;
}

/** Goes on down in windows until the page is full, everything was seen, or the time is up. */
async function searchWindows(
  pool: Pool,
  accountId: string,
  filter: HistoryFilter,
  { rows, low: high, limit, days, bounds, deadlineMs }: Search,
): Promise<RowPage> {
  const from = { position: high + 1n, seq: 0n };
  if (await isBefore(pool, accountId, high, filter.from)) return { rows, next: undefined };
  if (performance.now() > deadlineMs) return { rows, next: from };
  const low = below(high, bounds);
  const found = await readWindow(pool, accountId, filter, from, low, limit + 1 - rows.length, days);
  const all = [...rows, ...found];
  if (all.length > limit || low < 0n) return cut(all, limit);
  return await searchWindows(pool, accountId, filter, { rows: all, low, limit, days, bounds, deadlineMs });
}

/** The lower end of the window below a position; -1 at the very bottom. */
const below = (position: bigint, { window }: SearchBounds) => (position > window ? position - window : -1n);

const countUsage = (rows: readonly HistoryRow[]) => rows.filter(({ type }) => type === 'usage').length;

function isSelective({ type, ...others }: HistoryFilter): boolean {
  return (
    (type === undefined || type === 'usage') && Object.values(others).some((value) => value !== undefined)
  );
}

function cut(rows: HistoryRow[], limit: number): RowPage {
  const kept = rows.slice(0, limit);
  const last = kept.at(-1);
  return { rows: kept, next: rows.length > limit && last !== undefined ? cursorOf(last) : undefined };
}

async function readWindow(
  pool: Pool,
  accountId: string,
  filter: HistoryFilter,
  before: HistoryCursor,
  low: bigint,
  limit: number,
  days?: readonly string[],
): Promise<HistoryRow[]> {
  const { rows } = await pool.query<HistoryRow>(READ_HISTORY, [
    accountId,
    before.position,
    before.seq,
    low,
    filter.from ?? null,
    filter.to ?? null,
    filter.memberId ?? null,
    filter.apiKeyId ?? null,
    filter.model ?? null,
    filter.batchId ?? null,
    filter.type === undefined ? Object.values(ENTRY_TYPES).flat() : ENTRY_TYPES[filter.type],
    limit,
    filter.type === undefined || filter.type === 'usage',
    days ?? null,
  ]);
  return rows;
}

async function positionOfEntry(pool: Pool, accountId: string, seq: bigint): Promise<bigint | undefined> {
  const { rows } = await pool.query<{ last_position: string }>(ENTRY_POSITION, [accountId, seq]);
  return rows[0] && BigInt(rows[0].last_position);
}

async function highestPosition(pool: Pool, accountId: string, before: HistoryCursor): Promise<bigint> {
  const { rows } = await pool.query<{ last_position: string }>(LAST_POSITION, [accountId]);
  const last = BigInt(rows[0]?.last_position ?? 0);
  return last < before.position ? last : before.position;
}

/** Whether everything up to a position was recorded too early to have occurred since `from`. */
async function isBefore(
  pool: Pool,
  accountId: string,
  position: bigint,
  from: Date | undefined,
): Promise<boolean> {
  if (from === undefined) return false;
  const { rows } = await pool.query<{ recorded_at: Date }>(RECORDED_AT, [accountId, position]);
  const recordedAt = rows[0]?.recorded_at;
  return recordedAt !== undefined && recordedAt.getTime() < from.getTime() - CLOCKS_APART_MS;
}
