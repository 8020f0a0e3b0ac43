// Following an event: takes only ids from it, fetches the object, and runs a function that any order and repetition suits.
import { validate as isUuid } from 'uuid';
import { findAttemptIntent } from '../../ledger/payments/attempts.ts';
import { deleteCustomer } from '../../ledger/payments/customers.ts';
import { detachPaymentMethod, refreshPaymentMethod } from '../../ledger/payments/payment-methods.ts';
import { findTopUpBySession } from '../../ledger/payments/top-ups.ts';
import type { WebhookOutcome } from '../../ledger/payments/webhook-events.ts';
import { cardOf, saveCard } from './cards.ts';
import { follow } from './charge.ts';
import { followCheckout } from './checkout.ts';
import type { PaymentClients } from './clients.ts';
import { isMissing } from './failures.ts';
import { settle } from './settle.ts';
import { idOf } from './stripe.ts';

type Handler = (clients: PaymentClients, objectId: string) => Promise<WebhookOutcome>;

const PROCESSED: WebhookOutcome = { state: 'processed' };
const NOT_OURS: WebhookOutcome = { state: 'ignored', reason: 'not-ours' };

const HANDLERS: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ['checkout.session.completed', followSession],
  ['checkout.session.async_payment_succeeded', followSession],
  ['checkout.session.async_payment_failed', followSession],
  ['checkout.session.expired', followSession],
  ['payment_intent.succeeded', followIntent],
  ['payment_intent.payment_failed', followIntent],
  ['payment_intent.canceled', followIntent],
  ['payment_intent.requires_action', followIntent],
  ['payment_intent.processing', followIntent],
  ['payment_method.attached', followMethod],
  ['payment_method.updated', followMethod],
  ['payment_method.automatically_updated', followMethod],
  ['payment_method.detached', followMethod],
  ['customer.deleted', followDeletion],
]);

/** Whether events of a type are followed up at all. */
export function isFollowed(type: string): boolean {
  return HANDLERS.has(type);
}

/** Does what an event asks for. Throws when Stripe or Postgres cannot be asked: then it comes again. */
export async function followEvent(
  clients: PaymentClients,
  event: { readonly type: string; readonly objectId: string | null },
): Promise<WebhookOutcome> {
  const handler = HANDLERS.get(event.type);
  if (handler === undefined || event.objectId === null)
    return { state: 'ignored', reason: 'type-not-followed' };
  try {
    return await handler(clients, event.objectId);
  } catch (error) {
    if (isMissing(error)) return { state: 'ignored', reason: 'unknown-object' };
    throw error;
  }
}

async function followSession(clients: PaymentClients, sessionId: string): Promise<WebhookOutcome> {
  const session = await clients.stripe.retrieveCheckout(sessionId);
  if (session.mode === 'setup') {
    return (await saveCard(clients, sessionId)) === 'unknown' ? NOT_OURS : PROCESSED;
  }
  const paymentIntentId = idOf(session.payment_intent);
  if (session.payment_status === 'paid' && paymentIntentId !== null)
    return followIntent(clients, paymentIntentId);
  const topUp = await findTopUpBySession(clients.pool, sessionId);
  if (topUp === undefined) return NOT_OURS;
  await followCheckout(clients, topUp.id);
  return PROCESSED;
}

async function followIntent(clients: PaymentClients, paymentIntentId: string): Promise<WebhookOutcome> {
  const settled = await settle(clients, paymentIntentId);
  if (settled.kind === 'ignored') return { state: 'ignored', reason: settled.reason };
  if (settled.kind === 'not-paid') return followAttempt(clients, paymentIntentId);
  return PROCESSED;
}

/** A hosted page handles its own declines; only the attempts of auto top-ups are ours to follow. */
async function followAttempt(clients: PaymentClients, paymentIntentId: string): Promise<WebhookOutcome> {
  const intent = await clients.stripe.retrievePaymentIntent(paymentIntentId);
  const topUpId = intent.metadata['topUpId'] ?? '';
  const attempt = Number(intent.metadata['attempt']);
  if (!isUuid(topUpId) || !Number.isInteger(attempt)) return PROCESSED;
  const made = await findAttemptIntent(clients.pool, topUpId, attempt);
  if (made === undefined || (made !== null && made !== paymentIntentId)) return NOT_OURS;
  const step = await follow(clients, { topUpId, attempt }, intent);
  if (step.kind === 'paid') await settle(clients, paymentIntentId);
  return PROCESSED;
}

async function followMethod(clients: PaymentClients, paymentMethodId: string): Promise<WebhookOutcome> {
  const method = await clients.stripe.retrievePaymentMethod(paymentMethodId);
  const customerId = idOf(method.customer);
  if (customerId === null) {
    const isOurs = await detachPaymentMethod(clients.pool, paymentMethodId, clients.clock());
    return isOurs ? PROCESSED : NOT_OURS;
  }
  const card = cardOf(method, customerId);
  return card !== undefined && (await refreshPaymentMethod(clients.pool, card)) ? PROCESSED : NOT_OURS;
}

async function followDeletion(clients: PaymentClients, customerId: string): Promise<WebhookOutcome> {
  await deleteCustomer(clients.pool, customerId, clients.clock());
  return PROCESSED;
}
