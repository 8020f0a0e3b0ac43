// What tests read of the sandbox: counts, charges, requests.
import type { PersistedList } from '../core/persisted-list.ts';
import { idOf } from '../core/refs.ts';
import type { RequestFault } from '../core/request-faults.ts';
import type { World } from '../core/world.ts';

/** Counts of everything, the clock, and what is asked for and not used up. */
export function stateOf(world: World, faults: PersistedList<RequestFault>): object {
  const counts = (sql: string) =>
    Object.fromEntries(world.store.rows(sql).map((row) => [String(row['name']), Number(row['n'])]));
  return {
    now: world.clock.now(),
    objects: counts('select type as name, count(*) as n from objects group by type'),
    charges: counts(
      "select json_extract(body, '$.status') as name, count(*) as n from objects where type = 'charge' group by 1",
    ),
    deliveries: counts('select state as name, count(*) as n from deliveries group by state'),
    faults: faults.all(),
    deliveryFaults: world.deliveryFaults.all(),
    nextOutcomes: world.nextOutcomes.all(),
    endpoints: world.webhookEndpoints
      .list({})
      .map(({ body }) => ({ url: body.url, enabledEvents: body.enabled_events })),
  };
}

export interface ChargeSeen {
  id: string;
  status: string;
  amount: number;
  currency: string;
  created: number;
  /** When the request that made it arrived, in real milliseconds since the epoch. */
  receivedAtMs: number;
  customer: string | null;
  paymentIntent: string | null;
  paymentMethod: string | null;
  failureCode: string | null;
  metadata: Record<string, string>;
}

/** Every charge, oldest first; filters: `customer`, `paymentIntent`, `status`, and any metadata key such as `topUpId`. */
export function chargesSeen(world: World, query: URLSearchParams): ChargeSeen[] {
  const { customer, paymentIntent, status, ...metadata } = Object.fromEntries(query);
  return world.charges
    .list({ where: { customer, payment_intent: paymentIntent, status } })
    .reverse()
    .map(({ body, hidden }) => ({
      id: body.id,
      status: body.status,
      amount: body.amount,
      currency: body.currency,
      created: body.created,
      receivedAtMs: hidden.receivedAtMs,
      customer: idOf(body.customer),
      paymentIntent: idOf(body.payment_intent),
      paymentMethod: body.payment_method,
      failureCode: body.failure_code,
      metadata: body.metadata,
    }))
    .filter((charge) => Object.entries(metadata).every(([key, value]) => charge.metadata[key] === value));
}

/** API requests, oldest first; filters: `method`, `path` (a prefix), `key` (an idempotency key). */
export function requestsSeen(world: World, query: URLSearchParams): object[] {
  return world.store
    .rows(
      `select * from requests where (?1 is null or method = ?1) and (?2 is null or substr(path, 1, length(?2)) = ?2)
       and (?3 is null or idempotency_key = ?3) order by received_at, rowid`,
      query.get('method'),
      query.get('path'),
      query.get('key'),
    )
    .map((row) => ({
      id: row['id'],
      receivedAtMs: row['received_at'],
      method: row['method'],
      path: row['path'],
      idempotencyKey: row['idempotency_key'],
      status: row['status'],
      fault: row['fault'],
    }));
}
