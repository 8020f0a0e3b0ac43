// Settling: the only way from a payment to credit. Fetches what Stripe says, compares it with our row, credits once.
import type Stripe from 'stripe';
import { validate as isUuid } from 'uuid';
import { centsFromNanos } from '../../ledger/money.ts';
import { findAttemptIntent } from '../../ledger/payments/attempts.ts';
import { creditPayment, purchaseKey, quarantinePayment } from '../../ledger/payments/settlement.ts';
import {
  closeTopUp,
  findTopUp,
  findTopUpByPaymentIntent,
  findTopUpBySession,
  type TopUp,
} from '../../ledger/payments/top-ups.ts';
import { Refusal } from '../../ledger/refusal.ts';
import { keepCard } from './cards.ts';
import type { PaymentClients } from './clients.ts';
import { idOf } from './stripe.ts';

export type Settlement =
  | { readonly kind: 'credited' | 'again'; readonly topUpId: string; readonly accountId: string }
  | { readonly kind: 'not-paid'; readonly status: string }
  | { readonly kind: 'quarantined'; readonly reason: string }
  | { readonly kind: 'ignored'; readonly reason: string };

/**
 * Credits a payment if Stripe says that it succeeded and it is what we asked for. Whoever comes first wins, the rest
 * are no-ops; a payment that does not match is quarantined. Throws what Stripe or Postgres throw.
 */
export async function settle(clients: PaymentClients, paymentIntentId: string): Promise<Settlement> {
  const intent = await clients.stripe.retrievePaymentIntent(paymentIntentId);
  if (intent.status !== 'succeeded') return { kind: 'not-paid', status: intent.status };
  const found = await topUpOf(clients, intent);
  if (found === undefined) return unknownPayment(clients, intent);
  const { topUp } = found;
  const attempt = topUp.mode === 'auto' ? attemptOf(intent) : null;
  // what is credited stays so, whatever became of the payment at Stripe since
  const isCredited = topUp.paymentIntentId === intent.id;
  const mismatch = isCredited ? undefined : await mismatchOf(clients, intent, topUp, attempt);
  if (mismatch !== undefined) return quarantine(clients, intent, found, mismatch);
  try {
    const payment = { topUpId: topUp.id, attempt, paymentIntentId };
    const outcome = await creditPayment(clients.pool, payment, clients.clock());
    if (outcome === 'second' || outcome === 'quarantined')
      return quarantine(clients, intent, found, 'second-payment');
    if (outcome === 'credited') clients.ring(topUp.accountId, purchaseKey(paymentIntentId));
    if (topUp.saveCard) await keepCard(clients, intent, topUp);
    return { kind: outcome, topUpId: topUp.id, accountId: topUp.accountId };
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'account-closed') throw error;
    return quarantine(clients, intent, found, error.code);
  }
}

/** Settles what was paid on a hosted page. */
export async function settleCheckout(clients: PaymentClients, sessionId: string): Promise<Settlement> {
  const session = await clients.stripe.retrieveCheckout(sessionId);
  const paymentIntentId = idOf(session.payment_intent);
  if (session.payment_status !== 'paid' || paymentIntentId === null) {
    return { kind: 'not-paid', status: session.status ?? 'open' };
  }
  return settle(clients, paymentIntentId);
}

interface Found {
  readonly topUp: TopUp;
  /** Whether it was paid on the top-up's own page, which so is over. */
  readonly onItsPage: boolean;
}

/** By the ids that we stored; metadata can be edited at Stripe, so it is only a pointer to what is then compared. */
async function topUpOf(
  { pool, stripe }: PaymentClients,
  intent: Stripe.PaymentIntent,
): Promise<Found | undefined> {
  const known = await findTopUpByPaymentIntent(pool, intent.id);
  if (known !== undefined) return { topUp: known, onItsPage: false };
  const session = await stripe.findCheckoutOf(intent.id);
  if (session !== undefined) {
    const opened = await findTopUpBySession(pool, session.id);
    if (opened !== undefined) return { topUp: opened, onItsPage: true };
  }
  const pointed = intent.metadata['topUpId'];
  const topUp = pointed !== undefined && isUuid(pointed) ? await findTopUp(pool, pointed) : undefined;
  return topUp && { topUp, onItsPage: false };
}

function attemptOf(intent: Stripe.PaymentIntent): number {
  return /^\d{1,6}$/.test(intent.metadata['attempt'] ?? '') ? Number(intent.metadata['attempt']) : 0;
}

async function mismatchOf(
  clients: PaymentClients,
  intent: Stripe.PaymentIntent,
  topUp: TopUp,
  attempt: number | null,
): Promise<string | undefined> {
  if (intent.livemode !== clients.live) return 'livemode';
  if (intent.amount_received !== centsFromNanos(topUp.amount)) return 'amount';
  if (intent.currency !== topUp.currency) return 'currency';
  if (topUp.customerId === null || idOf(intent.customer) !== topUp.customerId) return 'customer';
  if (attempt === null) return undefined;
  if (idOf(intent.payment_method) !== topUp.paymentMethodId) return 'payment-method';
  const made = await findAttemptIntent(clients.pool, topUp.id, attempt);
  return made === undefined || (made !== null && made !== intent.id) ? 'attempt' : undefined;
}

async function unknownPayment(clients: PaymentClients, intent: Stripe.PaymentIntent): Promise<Settlement> {
  const isOurs = intent.metadata['deployment'] === clients.deployment && intent.livemode === clients.live;
  return isOurs
    ? quarantine(clients, intent, undefined, 'unknown-top-up')
    : { kind: 'ignored', reason: 'not-ours' };
}

async function quarantine(
  clients: PaymentClients,
  intent: Stripe.PaymentIntent,
  found: Found | undefined,
  reason: string,
): Promise<Settlement> {
  const topUpId = found?.topUp.id ?? null;
  const details = { livemode: String(intent.livemode), customer: idOf(intent.customer) };
  const payment = {
    paymentIntentId: intent.id,
    topUpId,
    reason,
    amountCents: intent.amount_received,
    currency: intent.currency,
    details,
  };
  const isNew = await quarantinePayment(clients.pool, payment, clients.clock());
  if (found?.onItsPage) await closeTopUp(clients.pool, found.topUp.id, 'quarantined', clients.clock());
  if (isNew) clients.alert({ paymentIntentId: intent.id, topUpId, reason }, 'a payment was quarantined');
  return { kind: 'quarantined', reason };
}
