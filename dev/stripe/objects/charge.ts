// Charges as Stripe shows them: one per try of a payment.
import type Stripe from 'stripe';
import type { Decline } from '../cards/declines.ts';
import { newId } from '../core/ids.ts';
import { idOf } from '../core/refs.ts';

export interface ChargeHidden {
  /** When the request that made it arrived, in real milliseconds. */
  receivedAtMs: number;
}

/** A charge of `intent` on `method`: succeeded, or failed by `decline`, or pending. */
export function buildCharge(
  intent: Stripe.PaymentIntent,
  method: Stripe.PaymentMethod,
  result: Decline | 'succeeded' | 'pending',
  now: number,
  baseUrl: string,
): Stripe.Charge {
  const id = newId('ch');
  const decline = typeof result === 'string' ? null : result;
  const paid = decline === null;
  const suffix = intent.statement_descriptor_suffix;
  return {
    id,
    object: 'charge',
    amount: intent.amount,
    amount_captured: paid ? intent.amount : 0,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    balance_transaction: null,
    billing_details: method.billing_details,
    calculated_statement_descriptor: suffix === null ? 'SANDBOX' : `SANDBOX* ${suffix}`,
    captured: paid,
    created: now,
    currency: intent.currency,
    customer: idOf(intent.customer),
    description: intent.description,
    disputed: false,
    failure_balance_transaction: null,
    failure_code: decline?.code ?? null,
    failure_message: decline?.message ?? null,
    fraud_details: {},
    livemode: false,
    metadata: intent.metadata,
    on_behalf_of: null,
    outcome: decline === null ? AUTHORIZED : refusedOutcome(decline),
    paid,
    payment_intent: intent.id,
    payment_method: method.id,
    payment_method_details: { card: cardDetails(intent, method, paid), type: 'card' },
    radar_options: {},
    receipt_email: intent.receipt_email,
    receipt_number: null,
    receipt_url: paid ? `${baseUrl}/receipts/${id}` : null,
    refunded: false,
    review: null,
    shipping: null,
    source: null,
    source_transfer: null,
    statement_descriptor: null,
    statement_descriptor_suffix: suffix,
    status: decline === null ? (result === 'pending' ? 'pending' : 'succeeded') : 'failed',
    transfer_data: null,
    transfer_group: null,
  };
}

const AUTHORIZED: Stripe.Charge.Outcome = {
  advice_code: null,
  network_advice_code: null,
  network_decline_code: null,
  network_status: 'approved_by_network',
  reason: null,
  risk_level: 'normal',
  risk_score: 12,
  seller_message: 'Payment complete.',
  type: 'authorized',
};

/** What a refused charge says about why. */
export function refusedOutcome(decline: Decline): Stripe.Charge.Outcome {
  return {
    advice_code: decline.adviceCode,
    network_advice_code: null,
    network_decline_code: decline.networkDeclineCode,
    network_status: decline.blocked ? 'not_sent_to_network' : 'declined_by_network',
    reason: decline.blocked ? 'highest_risk_level' : decline.declineCode,
    risk_level: decline.blocked ? 'highest' : 'normal',
    risk_score: decline.blocked ? 92 : 12,
    seller_message: decline.blocked
      ? 'Stripe blocked this payment as too risky.'
      : 'The bank did not return any further details with this decline.',
    type: decline.blocked ? 'blocked' : 'issuer_declined',
  };
}

function cardDetails(
  intent: Stripe.PaymentIntent,
  method: Stripe.PaymentMethod,
  paid: boolean,
): Stripe.Charge.PaymentMethodDetails.Card {
  const card = method.card;
  return {
    amount_authorized: paid ? intent.amount : null,
    authorization_code: paid ? newId('', 6).slice(1).toUpperCase() : null,
    brand: card?.brand ?? null,
    checks: card?.checks ?? null,
    country: card?.country ?? null,
    electronic_commerce_indicator: null,
    exp_month: card?.exp_month ?? 12,
    exp_year: card?.exp_year ?? 2030,
    extended_authorization: { status: 'disabled' },
    fingerprint: card?.fingerprint ?? null,
    funding: card?.funding ?? null,
    incremental_authorization: { status: 'unavailable' },
    installments: null,
    last4: card?.last4 ?? null,
    mandate: null,
    multicapture: { status: 'unavailable' },
    network: card?.brand ?? null,
    network_token: { used: false },
    network_transaction_id: paid ? newId('', 15).slice(1) : null,
    overcapture: { maximum_amount_capturable: intent.amount, status: 'unavailable' },
    regulated_status: card?.regulated_status ?? null,
    three_d_secure: null,
    transaction_link_id: null,
    wallet: null,
  };
}
