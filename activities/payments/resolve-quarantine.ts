// Resolving a quarantined payment: Stripe is asked once more before it becomes credit, because money may have gone back.
import type { Actor } from '../../ledger/acting.ts';
import { type Decision, findQuarantined, resolveQuarantine } from '../../ledger/payments/quarantine.ts';
import { purchaseKey } from '../../ledger/payments/settlement.ts';
import { Refusal } from '../../ledger/refusal.ts';
import type { PaymentClients } from './clients.ts';
import { isMissing } from './failures.ts';

/**
 * Stores an operator's decision and rings the account that it concerns. Raises what `resolveQuarantine` raises, and
 * `payment-not-creditable` for money that Stripe does not have, or gave back.
 */
export async function decideQuarantined(
  clients: PaymentClients,
  decision: Decision,
  actor: Actor,
): Promise<void> {
  const { paymentIntentId, resolution } = decision;
  if (resolution === 'credited') await requireStillPaid(clients, paymentIntentId);
  const accountId = await resolveQuarantine(clients.pool, decision, actor, clients.clock());
  if (accountId !== null) clients.ring(accountId, purchaseKey(paymentIntentId));
}

async function requireStillPaid({ pool, stripe, live }: PaymentClients, id: string): Promise<void> {
  const known = await findQuarantined(pool, id);
  if (known === undefined || known.resolution !== null) return;
  const intent = await stripe.retrieveChargedIntent(id).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  const charge = intent?.latest_charge;
  const isWhole =
    intent !== undefined &&
    intent.status === 'succeeded' &&
    intent.livemode === live &&
    intent.amount_received === known.amountCents &&
    intent.currency === known.currency &&
    typeof charge === 'object' &&
    charge !== null &&
    charge.amount_refunded === 0 &&
    !charge.disputed;
  if (isWhole) return;
  throw new Refusal(
    'payment-not-creditable',
    'The payment provider does not have this money as it was found: it was given back, is disputed, or never was.',
  );
}
