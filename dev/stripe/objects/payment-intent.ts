// PaymentIntents as Stripe shows them, at their start.
import type Stripe from 'stripe';
import { newId } from '../core/ids.ts';

export interface PaymentIntentHidden {
  /** The hosted session that takes this payment, if one does. */
  session: string | null;
  /** How a payment in `processing` ends: null succeeds, else the decline code. */
  processingEndsIn: string | null;
  /** When the request that created it arrived, in real milliseconds. */
  receivedAtMs: number;
}

export interface PaymentIntentFields {
  amount: number;
  currency: string;
  customer: string | null;
  description?: string | null | undefined;
  metadata?: Record<string, string> | undefined;
  receiptEmail?: string | null | undefined;
  setupFutureUsage?: string | null | undefined;
  statementDescriptorSuffix?: string | null | undefined;
  /** The types the caller allowed, or null for whatever the account has. */
  allowedTypes: string[] | null;
}

/** A new PaymentIntent in `requires_payment_method`. */
export function buildPaymentIntent(fields: PaymentIntentFields, now: number): Stripe.PaymentIntent {
  const id = newId('pi');
  return {
    id,
    object: 'payment_intent',
    allowed_payment_method_types: fields.allowedTypes,
    amount: fields.amount,
    amount_capturable: 0,
    amount_details: { tip: {} },
    amount_received: 0,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods:
      fields.allowedTypes === null ? { allow_redirects: 'always', enabled: true } : null,
    canceled_at: null,
    cancellation_reason: null,
    capture_method: 'automatic_async',
    client_secret: newId(`${id}_secret`),
    confirmation_method: 'automatic',
    created: now,
    currency: fields.currency,
    customer: fields.customer,
    customer_account: null,
    description: fields.description || null,
    excluded_payment_method_types: null,
    last_payment_error: null,
    latest_charge: null,
    livemode: false,
    managed_payments: null,
    metadata: fields.metadata ?? {},
    next_action: null,
    on_behalf_of: null,
    payment_method: null,
    payment_method_configuration_details: null,
    payment_method_options: {
      card: { installments: null, mandate_options: null, network: null, request_three_d_secure: 'automatic' },
    },
    payment_method_types: ['card'],
    payment_record: null,
    processing: null,
    receipt_email: fields.receiptEmail || null,
    review: null,
    setup_future_usage: fields.setupFutureUsage ?? null,
    shipping: null,
    source: null,
    statement_descriptor: null,
    statement_descriptor_suffix: fields.statementDescriptorSuffix || null,
    status: 'requires_payment_method',
    transfer_data: null,
    transfer_group: null,
  };
}
