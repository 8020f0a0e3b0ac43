// Unpriced usage: stored under the same dedupe as the rest, until its model has a price (waiting-usage.ts records it then).
import type { Connection } from '../database.ts';
import { dayName, dayOf } from './day.ts';
import type { UnpricedEvent } from './priced-event.ts';

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
    events.map((event) => event.memberId),
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
