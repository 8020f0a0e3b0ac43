// What people are told when a call to Stripe fails within their request.
import Stripe from 'stripe';
import { UnreadableReply } from '../activities/payments/stripe.ts';
import { Problem } from './problem.ts';

/** Failures of Stripe as `payments-unavailable`; everything else as it is. */
export function paymentProblem(error: unknown): unknown {
  if (!(error instanceof Stripe.errors.StripeError) && !(error instanceof UnreadableReply)) return error;
  return new Problem(
    'payments-unavailable',
    'Nothing was charged. Try again in a moment, with the same Idempotency-Key.',
    {
      retryAfterSeconds: 5,
      cause: error,
    },
  );
}
