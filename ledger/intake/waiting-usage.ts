// Waiting usage: recorded in the period that is open by the time its model has a price, or set aside if it never can be.
import { type Connection, hasCode, type Pool, withTransaction } from '../database.ts';
import { Refusal, type RefusalCode } from '../refusal.ts';
import { dayNumber } from './day.ts';
import { isRejection, type ParsedEvent, type Rejection } from './event.ts';
import { isAboutData, messageOf } from './failures.ts';
import type { PriceBook } from './price-book.ts';
import type { PricedEvent } from './priced-event.ts';
import { type Crossing, ensureUsageDays, recordUsage } from './record-usage.ts';
import { keepRejectedUsage, type RejectedUsage } from './rejected-usage.ts';
import { asSent, parsedFrom, pricedFrom, type WaitingRow } from './waiting-row.ts';

/* Model by model along the index, so that any amount of usage whose model has no price yet costs one step. */
const SELECT_WAITING = `
  with recursive models as (
    select (select min(w.model) from unpriced_usage w where w.priced_at is null) as model
    union all
    select (select min(w.model) from unpriced_usage w where w.priced_at is null and w.model > models.model)
    from models where models.model is not null
  )
  select w.account_id, w.id, w.member_id, w.api_key_id, w.model, w.batched, w.input_tokens, w.cached_input_tokens,
    w.cache_write_tokens, w.output_tokens, w.occurred_at, w.hold_id, w.batch_id, w.metadata::text as metadata
  from models
  join lateral (
    select min(p.effective_from) as since from prices p where p.model = models.model having min(p.effective_from) is not null
  ) first_price on true
  cross join lateral (
    select * from unpriced_usage u
    where u.model = models.model and u.priced_at is null and u.occurred_at >= first_price.since
    order by u.received_at limit $1::int4
  ) w
  order by w.received_at limit $1::int4`;

const MARK_PRICED = `
  update unpriced_usage set priced_at = $1::timestamptz
  where priced_at is null and (account_id, id) in (select * from unnest($2::uuid[], $3::text[]))`;

const TAKE_OUT = `
  delete from unpriced_usage where account_id = $1::uuid and id = $2::text and priced_at is null`;

/* A busy account is worth a short wait; one that somebody holds for long must not keep the others waiting. */
const BRIEFLY = `set local lock_timeout = '1s'`;

/** What became of usage that waited. */
export interface WaitingRecorded {
  recorded: number;
  /** What can never be recorded, and stands among the rejected usage from now on. */
  readonly rejected: RejectedUsage[];
  /** Whom to ring. */
  readonly crossings: Crossing[];
}

/**
 * Records what waited and has a price by now, up to `most` events, in transactions with the mark that it is done. Run
 * twice, or by two processes, it records each event once. An event that fails on its data is found by halving and set
 * aside, so that it never blocks those behind it; one whose account is locked waits for the next time.
 */
export async function recordWaitingUsage(
  pool: Pool,
  book: PriceBook,
  now: Date,
  most = 500,
): Promise<WaitingRecorded> {
  const done: WaitingRecorded = { recorded: 0, rejected: [], crossings: [] };
  const { rows } = await pool.query<WaitingRow>(SELECT_WAITING, [most]);
  if (rows.length === 0) return done;
  await book.reload();
  const events: PricedEvent[] = [];
  for (const row of rows) {
    const event = pricedFrom(row, book);
    if (isRejection(event)) await setAside(pool, row.account_id, parsedFrom(row), event, now, done);
    else if (event.cost !== undefined) events.push(event);
  }
  if (events.length === 0) return done;
  const days = events.map((event) => dayNumber(event.occurredAt));
  await ensureUsageDays(pool, Math.min(...days) - 1, Math.max(...days) + 1);
  await recordOrHalve(pool, events, now, done);
  return done;
}

async function recordOrHalve(
  pool: Pool,
  events: readonly PricedEvent[],
  now: Date,
  done: WaitingRecorded,
): Promise<void> {
  try {
    await recordAll(pool, events, now, done);
  } catch (error) {
    if (!(error instanceof Refusal) && !isAboutData(error)) throw error;
    const [only] = events;
    if (events.length === 1 && only !== undefined) {
      await setAside(pool, only.key.accountId, only, rejectionFrom(error), now, done);
    } else {
      const middle = events.length >> 1;
      await recordOrHalve(pool, events.slice(0, middle), now, done);
      await recordOrHalve(pool, events.slice(middle), now, done);
    }
  }
}

async function recordAll(
  pool: Pool,
  events: readonly PricedEvent[],
  now: Date,
  done: WaitingRecorded,
): Promise<void> {
  const result = await flushAndMark(pool, events, now, false).catch((error: unknown) => {
    if (!hasCode(error, '55P03')) throw error;
    return flushAndMark(pool, events, now, true);
  });
  for (const [index, { status }] of result.outcomes.entries()) {
    const event = events[index];
    if (status === 'recorded') done.recorded += 1;
    if (status === 'conflict' && event !== undefined) {
      const detail = 'this id was recorded with other content';
      await setAside(pool, event.key.accountId, event, { code: 'usage-conflict', detail }, now, done);
    }
  }
  done.crossings.push(...result.crossings);
}

function flushAndMark(pool: Pool, events: readonly PricedEvent[], now: Date, skipLocked: boolean) {
  return withTransaction(pool, async (connection) => {
    if (!skipLocked) await connection.query(BRIEFLY);
    const result = await recordUsage(connection, events, { now, fromUnpriced: true, skipLocked });
    const marked = events.filter((_, index) => {
      const status = result.outcomes[index]?.status;
      return status === 'recorded' || status === 'duplicate';
    });
    await connection.query(MARK_PRICED, [
      now,
      marked.map((event) => event.key.accountId),
      marked.map((event) => event.id),
    ]);
    return result;
  });
}

/** Moves an event from the waiting to the rejected, as it was sent; whoever comes second moves nothing. */
async function setAside(
  pool: Pool,
  accountId: string,
  event: ParsedEvent,
  { code, detail }: Rejection,
  now: Date,
  done: WaitingRecorded,
): Promise<void> {
  const rejected = { accountId, eventId: event.id, code, detail, event: asSent(event) };
  const moved = await withTransaction(pool, async (connection: Connection) => {
    const { rowCount } = await connection.query(TAKE_OUT, [accountId, event.id]);
    if (rowCount === 0) return false;
    await keepRejectedUsage(connection, [rejected], now);
    return true;
  });
  if (moved) done.rejected.push(rejected);
}

function rejectionFrom(error: unknown): Rejection {
  const code: RefusalCode = error instanceof Refusal ? error.code : 'usage-invalid';
  return { code, detail: `the database refused the event: ${messageOf(error)}` };
}
