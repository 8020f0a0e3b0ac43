// Unpriced usage: kept until its model has a price, then recorded in the period that is open by then.
import { type Connection, type Pool, withTransaction } from '../database.ts';
import { dayName, dayNumber, dayOf } from './day.ts';
import { isRejection, type ParsedEvent } from './event.ts';
import type { PriceBook } from './price-book.ts';
import { type PricedEvent, priceEvent, type UnpricedEvent } from './priced-event.ts';
import { ensureUsageDays, type FlushResult, recordUsage } from './record-usage.ts';

/* One commit for many; the rows come ordered by account, in the order in which everybody locks balance rows. */
const STORE_UNPRICED = `
  select store_unpriced_usage(e.account_id, e.id, e.day, e.member_id, e.api_key_id, e.model, e.batched, e.input, e.cached,
    e.written, e.output, e.occurred_at, $13::timestamptz, e.hold_id, e.batch_id, e.metadata) as outcome
  from unnest($1::uuid[], $2::text[], $3::date[], $4::uuid[], $5::uuid[], $6::text[], $7::boolean[], $8::int4[], $9::int4[],
    $10::int4[], $11::int4[], $12::timestamptz[], $14::uuid[], $15::text[], $16::jsonb[]) with ordinality as e (
    account_id, id, day, member_id, api_key_id, model, batched, input, cached, written, output, occurred_at, hold_id,
    batch_id, metadata, place)
  order by e.place`;

const MOST_AT_ONCE = 200;

const SELECT_WAITING = `
  select account_id, id, member_id, api_key_id, model, batched, input_tokens, cached_input_tokens, cache_write_tokens,
    output_tokens, occurred_at, hold_id, batch_id, metadata::text as metadata
  from unpriced_usage w
  where priced_at is null
    and exists (select 1 from prices p where p.model = w.model and p.effective_from <= w.occurred_at)
  order by received_at limit $1::int4`;

const MARK_PRICED = `
  update unpriced_usage set priced_at = $1::timestamptz
  where priced_at is null and (account_id, id) in (select * from unnest($2::uuid[], $3::text[]))`;

interface WaitingRow {
  account_id: string;
  id: string;
  member_id: string;
  api_key_id: string;
  model: string;
  batched: boolean;
  input_tokens: number;
  cached_input_tokens: number;
  cache_write_tokens: number;
  output_tokens: number;
  occurred_at: Date;
  hold_id: string | null;
  batch_id: string | null;
  metadata: string | null;
}

type Stored = 'recorded' | 'duplicate' | 'conflict';

/** Stores events without a price, under the same dedupe as the others, a few hundred a commit. One outcome each, in order. */
export async function storeUnpricedUsage(
  connection: Pick<Connection, 'query'>,
  events: readonly UnpricedEvent[],
  now: Date,
): Promise<Stored[]> {
  const outcomes: Stored[] = new Array(events.length);
  const ordered = events
    .map((event, place) => ({ event, place }))
    .sort((a, b) => a.event.key.accountId.localeCompare(b.event.key.accountId) || a.place - b.place);
  for (let from = 0; from < ordered.length; from += MOST_AT_ONCE) {
    const some = ordered.slice(from, from + MOST_AT_ONCE);
    const { rows } = await connection.query<{ outcome: Stored }>(STORE_UNPRICED, valuesOf(some, now));
    some.forEach(({ place }, index) => {
      const row = rows[index];
      if (row === undefined) throw new Error('store_unpriced_usage gave no outcome');
      outcomes[place] = row.outcome;
    });
  }
  return outcomes;
}

function valuesOf(some: readonly { readonly event: UnpricedEvent }[], now: Date): unknown[] {
  const events = some.map(({ event }) => event);
  return [
    events.map((event) => event.key.accountId),
    events.map((event) => event.id),
    events.map((event) => dayName(dayOf(event.id, event.occurredAt).day)),
    events.map((event) => event.key.memberId),
    events.map((event) => event.key.id),
    events.map((event) => event.model),
    events.map((event) => event.batched),
    events.map((event) => event.inputTokens),
    events.map((event) => event.cachedInputTokens),
    events.map((event) => event.cacheWriteTokens),
    events.map((event) => event.outputTokens),
    events.map((event) => event.occurredAt),
    now,
    events.map((event) => event.holdId),
    events.map((event) => event.batchId),
    events.map((event) => event.metadata),
  ];
}

/**
 * Records what waited and has a price by now, up to `most` events, in one transaction with the mark that it is done.
 * Run twice, or by two processes, it records each event once. Returns how many and whom to ring.
 */
export async function recordWaitingUsage(
  pool: Pool,
  book: PriceBook,
  now: Date,
  most = 500,
): Promise<{ recorded: number; crossings: FlushResult['crossings'] }> {
  const { rows } = await pool.query<WaitingRow>(SELECT_WAITING, [most]);
  if (rows.length === 0) return { recorded: 0, crossings: [] };
  await book.reload();
  const events = rows.map((row) => priced(row, book)).filter((event) => event !== undefined);
  if (events.length === 0) return { recorded: 0, crossings: [] };
  const days = events.map((event) => dayNumber(event.occurredAt));
  await ensureUsageDays(pool, Math.min(...days) - 1, Math.max(...days) + 1);
  return withTransaction(pool, async (connection) => {
    const { outcomes, crossings } = await recordUsage(connection, events, { now, fromUnpriced: true });
    await connection.query(MARK_PRICED, [
      now,
      events.map((event) => event.key.accountId),
      events.map((event) => event.id),
    ]);
    return { recorded: outcomes.filter(({ status }) => status === 'recorded').length, crossings };
  });
}

function priced(row: WaitingRow, book: PriceBook): PricedEvent | undefined {
  const event: ParsedEvent = {
    id: row.id,
    apiKeyId: row.api_key_id,
    apiKey: undefined,
    model: row.model,
    inputTokens: row.input_tokens,
    cachedInputTokens: row.cached_input_tokens,
    cacheWriteTokens: row.cache_write_tokens,
    outputTokens: row.output_tokens,
    occurredAt: row.occurred_at,
    batched: row.batched,
    holdId: row.hold_id,
    batchId: row.batch_id,
    metadata: row.metadata,
    explicitCost: undefined,
  };
  // it was accepted when it came: a key revoked since does not make it free
  const key = {
    id: row.api_key_id,
    accountId: row.account_id,
    memberId: row.member_id,
    expiresAt: null,
    revokedAt: null,
  };
  const result = priceEvent(event, key, book);
  return isRejection(result) || result.cost === undefined ? undefined : result;
}
