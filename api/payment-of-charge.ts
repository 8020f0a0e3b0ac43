// The payment behind a charge: operators read charges at Stripe, and Coffer keeps PaymentIntents.
import type { PaymentClients } from '../activities/payments/clients.ts';
import { isMissing } from '../activities/payments/failures.ts';
import { idOf } from '../activities/payments/stripe.ts';
import { paymentProblem } from './payment-problem.ts';
import { Problem } from './problem.ts';

/** The PaymentIntent of a charge; `undefined` when there is none. Throws `payments-unavailable`. */
export async function findPaymentOfCharge(
  { stripe }: PaymentClients,
  chargeId: string,
): Promise<string | undefined> {
  try {
    const charge = await stripe.retrieveCharge(chargeId);
    return idOf(charge.payment_intent) ?? undefined;
  } catch (error) {
    if (isMissing(error)) return undefined;
    const isStripes = paymentProblem(error) !== error;
    if (!isStripes) throw error;
    throw new Problem('payments-unavailable', 'Stripe cannot be asked about this charge now.', {
      retryAfterSeconds: 5,
      cause: error,
    });
  }
}
