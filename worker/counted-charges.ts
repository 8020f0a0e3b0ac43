// Charge requests, counted by what became of each.
import type { PaymentClients } from '../activities/payments/clients.ts';
import { failureOf } from '../activities/payments/failures.ts';
import type { WorkerMetrics } from './metrics.ts';

/** The same clients, with every charge request counted. */
export function countCharges(
  clients: PaymentClients,
  { charges }: Pick<WorkerMetrics, 'charges'>,
): PaymentClients {
  const createPaymentIntent: PaymentClients['stripe']['createPaymentIntent'] = async (params, key) => {
    try {
      const intent = await clients.stripe.createPaymentIntent(params, key);
      charges.inc({ outcome: intent.status });
      return intent;
    } catch (error) {
      const failure = failureOf(error);
      charges.inc({ outcome: failure.kind === 'declined' ? failure.class : failure.kind });
      throw error;
    }
  };
  return { ...clients, stripe: { ...clients.stripe, createPaymentIntent } };
}
