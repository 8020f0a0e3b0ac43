// What Stripe answers instead of an object: the error envelope, and the constructors of the usual ones.
import type Stripe from 'stripe';

export interface ErrorBody {
  type: 'api_error' | 'card_error' | 'idempotency_error' | 'invalid_request_error';
  message: string;
  code?: string;
  param?: string;
  decline_code?: string;
  advice_code?: string;
  network_decline_code?: string;
  charge?: string;
  payment_intent?: Stripe.PaymentIntent;
  setup_intent?: Stripe.SetupIntent;
  payment_method?: Stripe.PaymentMethod;
  payment_method_type?: string;
}

export interface RefusalOptions {
  /** The endpoint began to execute: the reply is kept under the idempotency key. */
  executed?: boolean;
  /** What was written before the refusal stays (a declined charge is a charge). */
  keepsEffects?: boolean;
}

export class StripeRefusal extends Error {
  readonly status: number;
  readonly error: ErrorBody;
  readonly executed: boolean;
  readonly keepsEffects: boolean;

  constructor(status: number, error: ErrorBody, options: RefusalOptions = {}) {
    super(error.message);
    this.status = status;
    this.error = error;
    this.executed = options.executed ?? true;
    this.keepsEffects = options.keepsEffects ?? false;
  }
}

/** The body of an error reply. */
export function envelope(error: ErrorBody, requestId: string): object {
  const docUrl =
    error.code === undefined
      ? {}
      : { doc_url: `https://stripe.com/docs/error-codes/${error.code.replaceAll('_', '-')}` };
  return {
    error: { ...error, ...docUrl, request_log_url: `https://dashboard.stripe.com/test/logs/${requestId}` },
  };
}

/** 400 for a request that can never work as sent; found while executing, so it is kept under its key. */
export function invalid(message: string, details: { code?: string; param?: string } = {}): StripeRefusal {
  return new StripeRefusal(400, { type: 'invalid_request_error', message, ...details });
}

/** 400 for parameters that are refused before anything executes; not kept under the key. */
export function badParameter(
  message: string,
  details: { code?: string; param?: string } = {},
): StripeRefusal {
  return new StripeRefusal(400, { type: 'invalid_request_error', message, ...details }, { executed: false });
}

/** No such object: 404 when the path names it, 400 when the parameter `param` does. */
export function missing(kind: string, id: string, param?: string): StripeRefusal {
  const error: ErrorBody = {
    type: 'invalid_request_error',
    code: 'resource_missing',
    message: `No such ${kind}: '${id}'`,
    param: param ?? 'id',
  };
  return new StripeRefusal(param === undefined ? 404 : 400, error);
}
