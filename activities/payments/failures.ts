// Failures of a call to Stripe, sorted into what follows from each; the upper matching row holds.
import Stripe from 'stripe';
import type { DeclineClass } from '../../ledger/payments/attempts.ts';

export type StripeFailure =
  | {
      readonly kind: 'declined';
      readonly class: DeclineClass;
      readonly code: string;
      readonly paymentIntentId: string | null;
    }
  /** Stripe is busy: the same key again, later. */
  | { readonly kind: 'busy' }
  /** The same key was sent with other parameters: a bug of ours. */
  | { readonly kind: 'mismatch' }
  /** Our key is not valid: nothing may be sent until an operator looked. */
  | { readonly kind: 'key' }
  /** Nobody knows whether it was executed; `replayed`: Stripe repeats a failure that it stored. */
  | { readonly kind: 'unknown'; readonly replayed: boolean };

export interface DeclineWords {
  readonly code?: string | null | undefined;
  readonly decline_code?: string | null | undefined;
  readonly advice_code?: string | null | undefined;
}

/** Sorts whatever a call to Stripe threw. */
export function failureOf(error: unknown): StripeFailure {
  if (!(error instanceof Stripe.errors.StripeError) || error.statusCode === undefined) {
    return { kind: 'unknown', replayed: false };
  }
  const { statusCode, code } = error;
  if (error.rawType === 'idempotency_error') return { kind: 'mismatch' };
  const isCardsLimit = CARD_LIMITS.has(code ?? '');
  if (code === 'lock_timeout' || statusCode === 409 || (statusCode === 429 && !isCardsLimit)) {
    return { kind: 'busy' };
  }
  if (statusCode === 401 || statusCode === 403) return { kind: 'key' };
  if (statusCode === 402 || isCardsLimit) return declined(error, declineClassOf(error));
  if (statusCode >= 400 && statusCode < 500) return declined(error, 'state-wrong');
  return { kind: 'unknown', replayed: error.headers?.['idempotent-replayed'] === 'true' };
}

/** Whether Stripe says that there is no such object. */
export function isMissing(error: unknown): boolean {
  return error instanceof Stripe.errors.StripeError && error.code === 'resource_missing';
}

/** Whether another request with the same key is under way: it is answered as soon as that one is. */
export function isKeyInUse(error: unknown): boolean {
  return error instanceof Stripe.errors.StripeError && error.statusCode === 409;
}

function declined(error: Stripe.errors.StripeError, declineClass: DeclineClass): StripeFailure {
  return {
    kind: 'declined',
    class: declineClass,
    code: error.decline_code || error.code || error.type,
    paymentIntentId: error.payment_intent?.id ?? null,
  };
}

const AUTHENTICATION = new Set([
  'authentication_required',
  'authentication_not_handled',
  'payment_intent_authentication_failure',
]);
const HARD = new Set([
  'lost_card',
  'stolen_card',
  'pickup_card',
  'restricted_card',
  'fraudulent',
  'merchant_blacklist',
  'security_violation',
  'transaction_not_allowed',
  'stop_payment_order',
  'revocation_of_authorization',
  'revocation_of_all_authorizations',
]);
const CARD_DATA = new Set([
  'expired_card',
  'incorrect_cvc',
  'incorrect_number',
  'invalid_expiry_month',
  'invalid_expiry_year',
]);
const CARD_LIMITS = new Set(['card_decline_rate_limit_exceeded', 'payment_intent_rate_limit_exceeded']);

/** The class of a decline, from the words of an error or of a PaymentIntent's last one. */
export function declineClassOf(words: DeclineWords): DeclineClass {
  const codes = [words.code ?? '', words.decline_code ?? ''];
  const isAnyOf = (known: ReadonlySet<string>) => codes.some((code) => known.has(code));
  if (isAnyOf(AUTHENTICATION)) return 'authentication';
  if (words.advice_code === 'do_not_try_again' || isAnyOf(HARD)) return 'hard';
  if (words.advice_code === 'confirm_card_data' || isAnyOf(CARD_DATA)) return 'card-data';
  if (isAnyOf(CARD_LIMITS)) return 'rate-limit';
  return 'soft';
}
