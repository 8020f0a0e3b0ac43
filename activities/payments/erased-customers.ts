// Erasure at Stripe: a Customer of somebody who was erased is deleted there, with its cards and its e-mail address.
import { deleteCustomer } from '../../ledger/payments/customers.ts';
import type { PaymentClients } from './clients.ts';
import { isMissing } from './failures.ts';

/** Deletes a Customer at Stripe, and notes it. One that is gone already is only noted. Throws what Stripe throws. */
export async function eraseCustomer(
  { pool, clock, stripe }: PaymentClients,
  stripeId: string,
): Promise<void> {
  await stripe.deleteCustomer(stripeId).catch((error: unknown) => {
    if (!isMissing(error)) throw error;
  });
  await deleteCustomer(pool, stripeId, clock());
}
