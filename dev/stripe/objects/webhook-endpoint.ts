// Webhook endpoints as Stripe shows them; the secret only when made.
import type Stripe from 'stripe';
import { API_VERSION } from '../core/api-version.ts';
import { newId } from '../core/ids.ts';

export interface WebhookEndpointHidden {
  secret: string;
}

/** A new endpoint that takes the given event types (`*` for all). */
export function buildWebhookEndpoint(
  fields: {
    url: string;
    enabledEvents: string[];
    description?: string | undefined;
    metadata?: Record<string, string>;
  },
  now: number,
): Stripe.WebhookEndpoint {
  return {
    id: newId('we'),
    object: 'webhook_endpoint',
    api_version: API_VERSION,
    application: null,
    created: now,
    description: fields.description || null,
    enabled_events: fields.enabledEvents,
    livemode: false,
    metadata: fields.metadata ?? {},
    status: 'enabled',
    url: fields.url,
  };
}
