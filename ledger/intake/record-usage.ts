// The flush: one call of `record_usage` for the priced events of many accounts, and what became of each.
import type { Connection } from '../database.ts';
import { type Nanos, nanosFromString } from '../money.ts';
import { plainArray, textArray } from './array-literal.ts';
import { dayName, dayOf } from './day.ts';
import type { PricedEvent } from './priced-event.ts';

const RECORD_USAGE = `
  select outcome, event_group, event_ordinal, event_cost, account_id, pending from record_usage(
    $1::timestamptz, $2::boolean, $3::boolean,
    $4::uuid[], $5::uuid[], $6::uuid[], $7::text[], $8::boolean[], $9::int4[],
    $10::int4[], $11::int4[], $12::text[], $13::date[], $14::boolean[],
    $15::int4[], $16::int4[], $17::int4[], $18::int4[], $19::int8[],
    $20::timestamptz[], $21::uuid[], $22::text[], $23::jsonb[])`;

const ENSURE_DAYS = 'select ensure_usage_days($1::date, $2::date)';

interface OutcomeRow {
  outcome: 'ring' | 'duplicate' | 'conflict' | 'locked';
  event_group: number | null;
  event_ordinal: number | null;
  event_cost: string | null;
  account_id: string | null;
  pending: string | null;
}

/** What became of one event; a `duplicate` carries the cost it was recorded with, if it has one yet. */
export interface FlushOutcome {
  readonly status: 'recorded' | 'duplicate' | 'conflict' | 'locked';
  readonly cost: Nanos | undefined;
}

/** An account whose actor must be rung after the commit, with its pending amount for operators to read. */
export interface Crossing {
  readonly accountId: string;
  readonly pending: Nanos;
}

export interface FlushResult {
  /** One outcome an event, in the order given. */
  readonly outcomes: FlushOutcome[];
  readonly crossings: Crossing[];
}

export interface FlushOptions {
  readonly now: Date;
  /** Sets accounts aside that are locked elsewhere instead of waiting for them. */
  readonly skipLocked?: boolean;
  /** The events waited unpriced and may be recorded although they still stand there. */
  readonly fromUnpriced?: boolean;
}

/**
 * Records events, each `(account, id)` at most once in `events`, in one transaction of the caller's or its own.
 * Durable when the statement has committed. Costs and counts move pending, rollups and history together.
 */
export async function recordUsage(
  connection: Pick<Connection, 'query'>,
  events: readonly PricedEvent[],
  options: FlushOptions,
): Promise<FlushResult> {
  const { values, places } = parameters(events, options);
  const { rows } = await connection.query<OutcomeRow>({ name: 'record-usage', text: RECORD_USAGE, values });
  const outcomes = events.map((event): FlushOutcome => ({ status: 'recorded', cost: event.cost }));
  const crossings: Crossing[] = [];
  const indexes = rows.some(({ outcome }) => outcome !== 'ring')
    ? indexesOf(places)
    : new Map<string, number>();
  for (const row of rows) {
    if (row.outcome === 'ring') {
      crossings.push({ accountId: row.account_id ?? '', pending: nanosFromString(row.pending ?? '0') });
      continue;
    }
    const index = indexes.get(`${row.event_group}:${row.event_ordinal}`);
    if (index === undefined) throw new Error('record_usage named an event that was not sent');
    const cost = row.event_cost === null ? undefined : nanosFromString(row.event_cost);
    outcomes[index] = { status: row.outcome, cost };
  }
  return { outcomes, crossings };
}

/** Makes the daily partitions from `firstDay` to `lastDay` (day numbers) where they are missing. */
export async function ensureUsageDays(
  connection: Pick<Connection, 'query'>,
  firstDay: number,
  lastDay: number,
): Promise<void> {
  await connection.query(ENSURE_DAYS, [dayName(firstDay), dayName(lastDay)]);
}

/** Where an event stands in the flush: its group, and which of its account's events it is. */
type Place = readonly [group: number, ordinal: number];

/** Place → index in the events sent. Made only when some event was not recorded: most flushes have none. */
function indexesOf(places: readonly Place[]): Map<string, number> {
  return new Map(places.map(([group, ordinal], index) => [`${group}:${ordinal}`, index]));
}

function parameters(events: readonly PricedEvent[], options: FlushOptions) {
  const groups = new Map<string, number>();
  const heads: PricedEvent[] = [];
  const ordinals = new Map<string, number>();
  const places: Place[] = [];
  const days = events.map((event) => dayOf(event.id, event.occurredAt));
  for (const event of events) {
    const name = `${event.key.id} ${event.memberId} ${event.priceId} ${event.batched} ${event.model}`;
    let group = groups.get(name);
    if (group === undefined) {
      heads.push(event);
      group = heads.length;
      groups.set(name, group);
    }
    const ordinal = (ordinals.get(event.key.accountId) ?? 0) + 1;
    ordinals.set(event.key.accountId, ordinal);
    places.push([group, ordinal]);
  }
  const values = [
    options.now.toISOString(),
    options.skipLocked ?? false,
    options.fromUnpriced ?? false,
    plainArray(heads.map((head) => head.key.accountId)),
    plainArray(heads.map((head) => head.memberId)),
    plainArray(heads.map((head) => head.key.id)),
    textArray(heads.map((head) => head.model)),
    plainArray(heads.map((head) => head.batched)),
    plainArray(heads.map((head) => head.priceId)),
    plainArray(places.map(([group]) => group)),
    plainArray(places.map(([, ordinal]) => ordinal)),
    textArray(events.map((event) => event.id)),
    plainArray(days.map(({ day }) => dayName(day))),
    plainArray(days.map(({ probe }) => probe)),
    plainArray(events.map((event) => event.inputTokens)),
    plainArray(events.map((event) => event.cachedInputTokens)),
    plainArray(events.map((event) => event.cacheWriteTokens)),
    plainArray(events.map((event) => event.outputTokens)),
    plainArray(events.map((event) => event.cost)),
    plainArray(events.map((event) => event.occurredAt.toISOString())),
    plainArray(events.map((event) => event.holdId)),
    textArray(events.map((event) => event.batchId)),
    textArray(events.map((event) => event.metadata)),
  ];
  return { values, places };
}
