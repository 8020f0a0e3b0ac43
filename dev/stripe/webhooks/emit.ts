// Events: written with the change they tell of, and queued for every endpoint that wants them.
import type Stripe from 'stripe';
import { API_VERSION } from '../core/api-version.ts';
import { newId } from '../core/ids.ts';
import type { World } from '../core/world.ts';
import { planDelivery } from './delivery-faults.ts';

type EventOf<Type extends Stripe.Event['type']> = Extract<Stripe.Event, { type: Type }>;

/** Records an event about `object` as it is now; `previous` holds the fields that an update changed. */
export function emit<Type extends Stripe.Event['type']>(
  world: World,
  type: Type,
  object: EventOf<Type>['data']['object'],
  previous?: EventOf<Type>['data']['previous_attributes'],
): void {
  const endpoints = world.webhookEndpoints
    .list({})
    .reverse()
    .filter(({ body }) => wants(body, type));
  const event: Stripe.EventBase = {
    id: newId('evt'),
    object: 'event',
    api_version: API_VERSION,
    created: world.clock.now(),
    data: previous === undefined ? { object } : { object, previous_attributes: previous },
    livemode: false,
    pending_webhooks: endpoints.length,
    request: { id: world.request?.id ?? null, idempotency_key: world.request?.idempotencyKey ?? null },
    type,
  };
  world.events.insert(event, {});
  for (const endpoint of endpoints) queueDelivery(world, event, endpoint.body.id);
}

function wants(endpoint: Stripe.WebhookEndpoint, type: string): boolean {
  return (
    endpoint.status === 'enabled' &&
    endpoint.enabled_events.some((wanted) => wanted === '*' || wanted === type)
  );
}

function queueDelivery(world: World, event: Stripe.EventBase, endpointId: string): void {
  const plan = planDelivery(world, event.type);
  for (let copy = 0; copy < plan.copies; copy += 1) {
    const { lastId } = world.store.run(
      'insert into deliveries (event_id, endpoint_id, state, due_at, rank) values (?, ?, ?, ?, ?)',
      event.id,
      endpointId,
      plan.state,
      plan.dueAtMs,
      plan.rank ?? 0,
    );
    if (plan.rank === null) world.store.run('update deliveries set rank = id where id = ?', lastId);
  }
}

/** The event as it reads now: `pending_webhooks` counts the deliveries that have not got through. */
export function viewEvent(world: World, event: Stripe.EventBase): Stripe.EventBase {
  const row = world.store.row(
    "select count(*) as n from deliveries where event_id = ? and state <> 'delivered'",
    event.id,
  );
  return { ...event, pending_webhooks: Number(row?.['n'] ?? 0) };
}
