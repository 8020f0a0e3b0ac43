// Webhook events: what Stripe told us, stored once by its id, and the outbox from which the worker follows it up.
import type { Pool } from '../database.ts';

export interface WebhookEvent {
  readonly id: string;
  readonly type: string;
  readonly objectId: string | null;
  readonly tries: number;
}

const STORE_WEBHOOK_EVENT = `
  insert into webhook_events (id, type, object_id, payload, received_at, state, reason, next_try_at, processed_at)
  values ($1::text, $2::text, $3::text, $4::jsonb, $5::timestamptz,
    case when $6::text is null then 'waiting' else 'ignored' end, $6::text,
    case when $6::text is null then $5::timestamptz end, case when $6::text is not null then $5::timestamptz end)
  on conflict (id) do nothing`;

/** Stores an event to be followed up, or as ignored with the reason. Returns whether it is new. */
export async function storeWebhookEvent(
  pool: Pool,
  event: {
    id: string;
    type: string;
    objectId: string | null;
    payload: string;
    ignoredBecause: string | null;
  },
  now: Date,
): Promise<boolean> {
  const { id, type, objectId, payload, ignoredBecause } = event;
  const { rowCount } = await pool.query(STORE_WEBHOOK_EVENT, [
    id,
    type,
    objectId,
    payload,
    now,
    ignoredBecause,
  ]);
  return rowCount === 1;
}

const TAKE_WEBHOOK_EVENTS = `
  update webhook_events set tries = tries + 1,
    next_try_at = $1::timestamptz + least(interval '2 seconds' * 2 ^ least(tries, 12), interval '15 minutes')
  where id in (
    select id from webhook_events where state = 'waiting' and next_try_at <= $1::timestamptz
    order by next_try_at limit $2::int4 for update skip locked
  )
  returning id, type, object_id, tries`;

interface WebhookEventRow {
  id: string;
  type: string;
  object_id: string | null;
  tries: number;
}

/** Takes the events that are due; one that is not finished comes again, ever later. */
export async function takeWebhookEvents(pool: Pool, now: Date, most: number): Promise<WebhookEvent[]> {
  const { rows } = await pool.query<WebhookEventRow>(TAKE_WEBHOOK_EVENTS, [now, most]);
  return rows.map((row) => ({ id: row.id, type: row.type, objectId: row.object_id, tries: row.tries }));
}

const FINISH_WEBHOOK_EVENT = `
  update webhook_events set state = $2::text, reason = $3::text, next_try_at = null, processed_at = $4::timestamptz
  where id = $1::text and state = 'waiting'`;

/** What became of an event. */
export type WebhookOutcome =
  | { readonly state: 'processed' }
  | { readonly state: 'ignored'; readonly reason: string };

export async function finishWebhookEvent(
  pool: Pool,
  id: string,
  outcome: WebhookOutcome,
  now: Date,
): Promise<void> {
  const reason = outcome.state === 'ignored' ? outcome.reason : null;
  await pool.query(FINISH_WEBHOOK_EVENT, [id, outcome.state, reason, now]);
}
