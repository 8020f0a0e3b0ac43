// Manual top-ups: opens the hosted page on which a member pays, and follows it to its end.
import type Stripe from 'stripe';
import { centsFromNanos } from '../../ledger/money.ts';
import {
  closeTopUp,
  findTopUp,
  markProcessing,
  postponeCheck,
  saveCheckout,
  type TopUp,
} from '../../ledger/payments/top-ups.ts';
import type { PaymentClients } from './clients.ts';
import { withCustomer } from './customers.ts';
import { failureOf, isMissing } from './failures.ts';
import { settle } from './settle.ts';
import type { TopUpStep } from './step.ts';
import { idOf, UnreadableReply } from './stripe.ts';

/** Opens the page for a stored top-up and returns the top-up; one that has its page already, or is over, is returned as it is. */
export async function openCheckout(clients: PaymentClients, topUpId: string): Promise<TopUp> {
  const topUp = await requireTopUp(clients, topUpId);
  if (topUp.state !== 'open' || topUp.checkoutUrl !== null) return topUp;
  try {
    await withCustomer(clients, topUp.payer.id, async (customerId) => {
      const params = checkoutParams(clients, topUp, customerId);
      const session = await clients.stripe.createCheckout(params, `checkout:${topUpId}`);
      if (session.url === null) throw new UnreadableReply('Stripe opened a page without an address');
      await saveCheckout(clients.pool, topUpId, { customerId, sessionId: session.id, url: session.url });
    });
  } catch (error) {
    const failure = failureOf(error);
    if (failure.kind !== 'declined') throw error;
    clients.alert({ topUpId, code: failure.code }, 'Stripe refused to open a checkout');
    await closeTopUp(clients.pool, topUpId, 'checkout-refused', clients.clock());
  }
  return requireTopUp(clients, topUpId);
}

/** Every parameter comes from the row, so that the same key always carries the same. */
function checkoutParams(
  { baseUrl, deployment }: PaymentClients,
  topUp: TopUp,
  customer: string,
): Stripe.Checkout.SessionCreateParams {
  const metadata = { topUpId: topUp.id, accountId: topUp.accountId, deployment };
  const expiresAt = topUp.expiresAt ?? topUp.createdAt;
  return {
    mode: 'payment',
    ui_mode: 'hosted_page',
    customer,
    client_reference_id: topUp.id,
    line_items: [
      {
        quantity: 1,
        price_data: {
          currency: topUp.currency,
          unit_amount: centsFromNanos(topUp.amount),
          product_data: { name: 'Prepaid credit' },
        },
      },
    ],
    allowed_payment_method_types: ['card'],
    adaptive_pricing: { enabled: false },
    payment_intent_data: {
      description: `Prepaid credit, top-up ${topUp.id}`,
      metadata,
      ...(topUp.saveCard && { setup_future_usage: 'off_session' }),
    },
    invoice_creation: { enabled: true, invoice_data: { metadata } },
    metadata,
    expires_at: Math.floor(expiresAt.getTime() / 1000),
    success_url: `${baseUrl}/billing/return?session_id={CHECKOUT_SESSION_ID}`,
    cancel_url: `${baseUrl}/billing/cancelled/${topUp.id}`,
  };
}

const CHECK_AFTER_MS = 60_000;

/** Looks at what became of a manual top-up: settles, closes, or says when to look again. */
export async function followCheckout(clients: PaymentClients, topUpId: string): Promise<TopUpStep> {
  const { clock, stripe } = clients;
  const topUp = await requireTopUp(clients, topUpId);
  if (topUp.state === 'paid' || topUp.state === 'not-completed') return { kind: 'over', state: topUp.state };
  const now = clock();
  const isPast = topUp.expiresAt !== null && topUp.expiresAt.getTime() + CHECK_AFTER_MS <= now.getTime();
  if (topUp.checkoutSessionId === null) {
    // nobody was ever given the page; should it be paid nevertheless, the payment is settled all the same
    return isPast ? close(clients, topUpId, 'not-opened') : later(clients, topUp, now);
  }
  const session = await stripe.retrieveCheckout(topUp.checkoutSessionId).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (session === undefined) {
    clients.alert(
      { topUpId, sessionId: topUp.checkoutSessionId },
      'Stripe does not know the page of a top-up',
    );
    return close(clients, topUpId, 'session-unknown');
  }
  const paymentIntentId = idOf(session.payment_intent);
  if (session.status === 'complete' && paymentIntentId !== null)
    return followPayment(clients, topUp, paymentIntentId);
  return session.status === 'expired' ? close(clients, topUpId, 'expired') : later(clients, topUp, now);
}

/**
 * Ends a top-up whose account was closed, and the page with it, so that nobody pays for what cannot be credited. What
 * was paid before is settled. Throws what Stripe throws, also for a page that is being paid at this moment.
 */
export async function endPage(clients: PaymentClients, topUpId: string): Promise<void> {
  await followCheckout(clients, topUpId);
  const { state, checkoutSessionId } = await requireTopUp(clients, topUpId);
  if (state !== 'open' || checkoutSessionId === null) return;
  await clients.stripe.expireCheckout(checkoutSessionId);
  await followCheckout(clients, topUpId);
}

/** The page was completed: the payment succeeded, failed for good, or is still at the bank. */
async function followPayment(
  clients: PaymentClients,
  topUp: TopUp,
  paymentIntentId: string,
): Promise<TopUpStep> {
  const settled = await settle(clients, paymentIntentId);
  if (settled.kind === 'credited' || settled.kind === 'again') return { kind: 'over', state: 'paid' };
  if (settled.kind !== 'not-paid') return close(clients, topUp.id, settled.kind);
  if (FAILED.has(settled.status)) return close(clients, topUp.id, 'payment-failed');
  const now = clients.clock();
  await markProcessing(clients.pool, topUp.id, now);
  return later(clients, topUp, now);
}

/** A completed page cannot be paid a second time: these are where a payment ends that did not succeed. */
const FAILED: ReadonlySet<string> = new Set(['requires_payment_method', 'canceled']);

async function close(clients: PaymentClients, topUpId: string, reason: string): Promise<TopUpStep> {
  await closeTopUp(clients.pool, topUpId, reason, clients.clock());
  return { kind: 'over', state: 'not-completed' };
}

/** Often at first, when people come back from the page, then ever more seldom. */
async function later({ pool }: PaymentClients, topUp: TopUp, now: Date): Promise<TopUpStep> {
  const age = now.getTime() - topUp.createdAt.getTime();
  const afterMs = Math.min(Math.max(age / 2, CHECK_AFTER_MS / 2), 15 * 60_000);
  await postponeCheck(pool, topUp.id, new Date(now.getTime() + afterMs + CHECK_AFTER_MS));
  return { kind: 'later', afterMs: Math.round(afterMs) };
}

async function requireTopUp({ pool }: PaymentClients, id: string): Promise<TopUp> {
  const topUp = await findTopUp(pool, id);
  if (topUp === undefined) throw new Error(`there is no top-up ${id}`);
  return topUp;
}
