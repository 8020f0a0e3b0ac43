// Stripe's webhook: checks the signature, stores the event once, answers. The worker follows it up.
import type { RequestHandler } from 'express';
import Stripe from 'stripe';
import { isFollowed } from '../../activities/payments/follow-event.ts';
import type { Clock } from '../../ledger/clock.ts';
import type { Pool } from '../../ledger/database.ts';
import { storeWebhookEvent } from '../../ledger/payments/webhook-events.ts';
import { Problem } from '../problem.ts';

export interface StripeWebhookOptions {
  readonly pool: Pool;
  readonly clock: Clock;
  /** Several while one is being rotated. */
  readonly secrets: readonly string[];
  readonly deployment: string;
  readonly live: boolean;
  /** Hears of events with another `livemode`: somebody mixed test and live keys. */
  readonly alert: (fields: Readonly<Record<string, unknown>>, message: string) => void;
  /** Hears of every delivery. */
  readonly onDelivery?: (result: WebhookDelivery) => void;
}

/** What became of a delivery: to be followed up, nothing for us, had before, or not signed by Stripe. */
export type WebhookDelivery = 'stored' | 'ignored' | 'duplicate' | 'signature-invalid';

/** Handles `POST /webhooks/stripe`; the body must come unparsed. A database that is away is a 5xx: Stripe sends it again. */
export function stripeWebhook(options: StripeWebhookOptions): RequestHandler {
  return async (request, response) => {
    const event = verified(options, request.body, request.headers['stripe-signature']);
    const object = objectOf(event);
    const ignoredBecause = reasonToIgnore(options, event, object.deployment);
    const stored = {
      id: event.id,
      type: event.type,
      objectId: object.id,
      payload: JSON.stringify(event),
      ignoredBecause,
    };
    const isNew = await storeWebhookEvent(options.pool, stored, options.clock());
    options.onDelivery?.(isNew ? (ignoredBecause === null ? 'stored' : 'ignored') : 'duplicate');
    response.status(200).json({ received: true });
  };
}

function verified(
  { secrets, onDelivery }: StripeWebhookOptions,
  body: unknown,
  signature: unknown,
): Stripe.Event {
  if (Buffer.isBuffer(body) && typeof signature === 'string') {
    for (const secret of secrets) {
      try {
        return Stripe.webhooks.constructEvent(body, signature, secret);
      } catch {
        // signed with another secret, too old, or not signed at all: the next secret may know it
      }
    }
  }
  onDelivery?.('signature-invalid');
  throw new Problem(
    'webhook-signature-invalid',
    'The signature does not belong to this body, or is too old.',
  );
}

function objectOf(event: Stripe.Event): { id: string | null; deployment: string | null } {
  const object: unknown = event.data?.object;
  if (typeof object !== 'object' || object === null) return { id: null, deployment: null };
  const id = 'id' in object && typeof object.id === 'string' ? object.id : null;
  const metadata = 'metadata' in object ? object.metadata : null;
  const hasDeployment = typeof metadata === 'object' && metadata !== null && 'deployment' in metadata;
  return { id, deployment: hasDeployment ? String(metadata.deployment) : null };
}

function reasonToIgnore(
  { live, deployment, alert }: StripeWebhookOptions,
  event: Stripe.Event,
  eventDeployment: string | null,
): string | null {
  if (event.livemode !== live) {
    alert({ eventId: event.id, livemode: event.livemode }, 'a webhook event of the wrong mode was ignored');
    return 'livemode';
  }
  if (eventDeployment !== null && eventDeployment !== deployment) return 'other-deployment';
  return isFollowed(event.type) ? null : 'type-not-followed';
}
