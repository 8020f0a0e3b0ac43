// Checkout sessions as Stripe shows them, at their start.
import type Stripe from 'stripe';
import { newId } from '../core/ids.ts';

/** What the session was asked to make, kept until it is paid. */
export interface SessionHidden {
  lines: Stripe.LineItem[];
  paymentIntentData: {
    description: string | null;
    metadata: Record<string, string>;
    receiptEmail: string | null;
    setupFutureUsage: string | null;
    statementDescriptorSuffix: string | null;
  };
  allowedTypes: string[] | null;
}

export interface SessionFields {
  mode: 'payment' | 'setup';
  amount: number | null;
  currency: string | null;
  customer: string | null;
  customerEmail: string | null;
  clientReferenceId: string | null;
  metadata: Record<string, string>;
  allowedTypes: string[] | null;
  expiresAt: number;
  successUrl: string;
  cancelUrl: string | null;
  adaptivePricing: boolean;
  reuseAgreement: 'auto' | 'hidden' | null;
  invoice: { description: string | null; footer: string | null; metadata: Record<string, string> } | null;
  setupIntent: string | null;
  submitType: string | null;
}

/** A new open session; its `url` is the hosted page. */
export function buildSession(fields: SessionFields, now: number, baseUrl: string): Stripe.Checkout.Session {
  const id = newId('cs_test', 58);
  const payment = fields.mode === 'payment';
  return {
    id,
    object: 'checkout.session',
    adaptive_pricing: payment ? { enabled: fields.adaptivePricing } : null,
    after_expiration: null,
    allow_promotion_codes: null,
    allowed_payment_method_types: fields.allowedTypes,
    amount_subtotal: fields.amount,
    amount_total: fields.amount,
    automatic_tax: { enabled: false, liability: null, provider: null, status: null },
    billing_address_collection: null,
    cancel_url: fields.cancelUrl,
    client_reference_id: fields.clientReferenceId,
    client_secret: null,
    collected_information: null,
    consent: null,
    consent_collection:
      fields.reuseAgreement === null
        ? null
        : {
            payment_method_reuse_agreement: { position: fields.reuseAgreement },
            promotions: null,
            terms_of_service: null,
          },
    created: now,
    currency: fields.currency,
    currency_conversion: null,
    custom_fields: [],
    custom_text: {
      after_submit: null,
      shipping_address: null,
      submit: null,
      terms_of_service_acceptance: null,
    },
    customer: fields.customer,
    customer_account: null,
    customer_creation:
      payment && fields.customer === null ? (fields.invoice === null ? 'if_required' : 'always') : null,
    customer_details: null,
    customer_email: fields.customerEmail,
    discounts: payment ? [] : null,
    expires_at: fields.expiresAt,
    integration_identifier: null,
    invoice: null,
    invoice_creation: payment ? invoiceCreation(fields.invoice) : null,
    livemode: false,
    locale: null,
    managed_payments: { enabled: false },
    metadata: fields.metadata,
    mode: fields.mode,
    origin_context: null,
    payment_intent: null,
    payment_link: null,
    payment_method_collection: payment ? 'if_required' : 'always',
    payment_method_configuration_details: null,
    payment_method_options: { card: { request_three_d_secure: 'automatic' } },
    payment_method_types: ['card'],
    payment_status: payment ? 'unpaid' : 'no_payment_required',
    permissions: null,
    phone_number_collection: { enabled: false },
    recovered_from: null,
    saved_payment_method_options:
      payment && fields.customer !== null
        ? {
            allow_redisplay_filters: ['always'],
            payment_method_remove: 'disabled',
            payment_method_save: null,
          }
        : null,
    setup_intent: fields.setupIntent,
    shipping_address_collection: null,
    shipping_cost: null,
    shipping_options: [],
    status: 'open',
    submit_type: fields.submitType,
    subscription: null,
    success_url: fields.successUrl,
    total_details: payment ? { amount_discount: 0, amount_shipping: 0, amount_tax: 0 } : null,
    ui_mode: 'hosted_page',
    url: `${baseUrl}/c/pay/${id}`,
    wallet_options: null,
  };
}

function invoiceCreation(invoice: SessionFields['invoice']): Stripe.Checkout.Session.InvoiceCreation {
  return {
    enabled: invoice !== null,
    invoice_data: {
      account_tax_ids: null,
      custom_fields: null,
      description: invoice?.description ?? null,
      footer: invoice?.footer ?? null,
      issuer: null,
      metadata: invoice?.metadata ?? {},
      rendering_options: null,
    },
  };
}

/** One line of a session. */
export function buildLineItem(price: Stripe.Price, quantity: number, description: string): Stripe.LineItem {
  const amount = (price.unit_amount ?? 0) * quantity;
  return {
    id: newId('li'),
    object: 'item',
    adjustable_quantity: null,
    amount_discount: 0,
    amount_subtotal: amount,
    amount_tax: 0,
    amount_total: amount,
    currency: price.currency,
    description,
    metadata: {},
    price,
    quantity,
  };
}
