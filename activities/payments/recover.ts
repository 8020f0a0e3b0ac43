// Recovering: the sponsor pays by hand what the bank would not let be charged without them.
import { v7 as uuidv7 } from 'uuid';
import { findUnconfirmed, reserveRecovery } from '../../ledger/payments/recoveries.ts';
import { findTopUp, type TopUp } from '../../ledger/payments/top-ups.ts';
import { followCheckout, openCheckout } from './checkout.ts';
import type { PaymentClients } from './clients.ts';
import { isMissing } from './failures.ts';
import { settle } from './settle.ts';

const OPEN_MS = 2 * 3_600_000;

export type Recovery =
  /** The page on which it is paid; the same one, however often it is asked for. */
  | { readonly kind: 'open'; readonly topUp: TopUp }
  /** Paid meanwhile, or nobody waits for it any more. */
  | { readonly kind: 'over' };

/**
 * Opens the page on which a person pays their unconfirmed charge; `undefined` when it is no such charge of theirs.
 * The refused payment is cancelled before, so that it can never be taken beside. Throws what Stripe throws.
 */
export async function openRecovery(
  clients: PaymentClients,
  { topUpId, personId }: { readonly topUpId: string; readonly personId: string },
): Promise<Recovery | undefined> {
  const { pool, clock } = clients;
  const charge = await findUnconfirmed(pool, topUpId, personId);
  if (charge === undefined) return undefined;
  if (!charge.isWaiting) return { kind: 'over' };
  if (charge.paymentIntentId !== null && (await wasPaid(clients, charge.paymentIntentId))) {
    return { kind: 'over' };
  }
  if (charge.recoveryId !== null) await endExpired(clients, charge.recoveryId);
  const now = clock();
  const recovery = { id: uuidv7(), topUpId, expiresAt: new Date(now.getTime() + OPEN_MS) };
  const reserved = await reserveRecovery(pool, recovery, now);
  if (reserved?.state !== 'open') return { kind: 'over' };
  const topUp = await openCheckout(clients, reserved.id);
  return topUp.checkoutUrl === null ? { kind: 'over' } : { kind: 'open', topUp };
}

/** A page past its time makes room for the next only when Stripe says that it can't be paid any more. */
async function endExpired(clients: PaymentClients, recoveryId: string): Promise<void> {
  const { pool, clock } = clients;
  const topUp = await findTopUp(pool, recoveryId);
  if (topUp?.state === 'open' && topUp.expiresAt !== null && topUp.expiresAt <= clock())
    await followCheckout(clients, recoveryId);
}

/** Cancels the refused payment; says whether it had succeeded after all, and settles it then. */
async function wasPaid(clients: PaymentClients, paymentIntentId: string): Promise<boolean> {
  const { stripe } = clients;
  try {
    const { status } = await stripe.retrievePaymentIntent(paymentIntentId);
    if (status === 'succeeded') {
      await settle(clients, paymentIntentId);
      return true;
    }
    if (status !== 'canceled') await stripe.cancelPaymentIntent(paymentIntentId);
    return false;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
