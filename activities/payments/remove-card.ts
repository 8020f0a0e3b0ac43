// Removing a saved card: it is detached at Stripe, and whatever rule uses it pauses in the same transaction as our row.
import Stripe from 'stripe';
import { type Actor, withActing } from '../../ledger/acting.ts';
import { detachPaymentMethod, findOwnPaymentMethod } from '../../ledger/payments/payment-methods.ts';
import type { PaymentClients } from './clients.ts';
import { isMissing } from './failures.ts';

/**
 * Removes a person's card; says whether it is one of theirs, and does nothing more when it is gone already. Stripe
 * comes first: should we end in between, its event makes up for our row. Throws what Stripe throws; then nothing changed.
 */
export async function removeCard(
  clients: PaymentClients,
  card: { readonly paymentMethodId: string; readonly personId: string },
  actor: Actor,
): Promise<boolean> {
  const { pool, clock, stripe } = clients;
  const found = await findOwnPaymentMethod(pool, card);
  if (found !== 'saved') return found === 'gone';
  const id = card.paymentMethodId;
  await stripe.detachPaymentMethod(id).catch(async (error: unknown) => {
    if (!(await isGone(clients, id, error))) throw error;
  });
  const now = clock();
  await withActing(pool, actor, now, (connection) => detachPaymentMethod(connection, id, now));
  return true;
}

/** Whether a detachment was refused because it had been done. */
async function isGone({ stripe }: PaymentClients, id: string, error: unknown): Promise<boolean> {
  if (isMissing(error)) return true;
  if (!(error instanceof Stripe.errors.StripeInvalidRequestError)) return false;
  return (await stripe.retrievePaymentMethod(id)).customer === null;
}
