// SetupIntents as Stripe shows them, at their start.
import type Stripe from 'stripe';
import { newId } from '../core/ids.ts';

export interface SetupIntentHidden {
  session: string | null;
}

export interface SetupIntentFields {
  customer: string | null;
  description?: string | null | undefined;
  metadata?: Record<string, string> | undefined;
  usage?: string | undefined;
  allowedTypes: string[] | null;
}

/** A new SetupIntent in `requires_payment_method`. */
export function buildSetupIntent(fields: SetupIntentFields, now: number): Stripe.SetupIntent {
  const id = newId('seti');
  return {
    id,
    object: 'setup_intent',
    allowed_payment_method_types: fields.allowedTypes,
    application: null,
    automatic_payment_methods:
      fields.allowedTypes === null ? { allow_redirects: 'always', enabled: true } : null,
    cancellation_reason: null,
    client_secret: newId(`${id}_secret`),
    created: now,
    customer: fields.customer,
    customer_account: null,
    description: fields.description || null,
    excluded_payment_method_types: null,
    flow_directions: null,
    last_setup_error: null,
    latest_attempt: null,
    livemode: false,
    managed_payments: null,
    mandate: null,
    metadata: fields.metadata ?? {},
    next_action: null,
    on_behalf_of: null,
    payment_method: null,
    payment_method_configuration_details: null,
    payment_method_options: {
      card: { mandate_options: null, network: null, request_three_d_secure: 'automatic' },
    },
    payment_method_types: ['card'],
    single_use_mandate: null,
    status: 'requires_payment_method',
    usage: fields.usage ?? 'off_session',
  };
}
