// The life of a hosted session: paid or set up by the page, completed, expired.
import type Stripe from 'stripe';
import { AUTHENTICATION_FAILED, type Decline } from '../cards/declines.ts';
import type { TestCard } from '../cards/test-cards.ts';
import type { Stored } from '../core/collection.ts';
import { idOf } from '../core/refs.ts';
import { receivedAtMs, type World } from '../core/world.ts';
import { buildPaymentIntent } from '../objects/payment-intent.ts';
import type { SessionHidden } from '../objects/session.ts';
import { emit } from '../webhooks/emit.ts';
import { completeSession } from './complete-session.ts';
import { makeMethod, type StoredMethod } from './find-method.ts';
import { attemptPayment } from './pay.ts';
import { attemptSetup, failSetup } from './setup.ts';

export type StoredSession = Stored<Stripe.Checkout.Session, SessionHidden>;

export type PageOutcome =
  | { kind: 'complete'; session: Stripe.Checkout.Session }
  | { kind: 'declined'; decline: Decline }
  | { kind: 'needs_authentication' };

/** A card given on the hosted page of an open session. */
export function useCard(world: World, session: StoredSession, card: TestCard): PageOutcome {
  const customer = world.customers.find(idOf(session.body.customer) ?? '')?.body;
  const email = customer?.email ?? session.body.customer_email;
  const method = makeMethod(world, card, { email, name: customer?.name ?? null });
  return tryMethod(world, session, method, false);
}

/** The person passed (or failed) 3D Secure on the page; null when none was asked for. */
export function authenticate(world: World, session: StoredSession, passed: boolean): PageOutcome | null {
  const waiting = waitingIntent(world, session.body);
  const method = world.paymentMethods.find(idOf(waiting?.payment_method) ?? '');
  if (waiting === null || method === undefined) return null;
  if (passed) return tryMethod(world, session, method, true);
  if (waiting.object === 'setup_intent') failSetup(world, waiting, method.body, AUTHENTICATION_FAILED.setup);
  else failAuthentication(world, waiting, method.body);
  return { kind: 'declined', decline: AUTHENTICATION_FAILED.payment };
}

/** The session's intent if it waits for authentication. */
export function waitingIntent(
  world: World,
  session: Stripe.Checkout.Session,
): Stripe.PaymentIntent | Stripe.SetupIntent | null {
  const intent =
    world.paymentIntents.find(idOf(session.payment_intent) ?? '')?.body ??
    world.setupIntents.find(idOf(session.setup_intent) ?? '')?.body;
  return intent?.status === 'requires_action' ? intent : null;
}

/** Expires an open session; one that is complete or expired stays as it is. */
export function expireSession(world: World, id: string): Stripe.Checkout.Session | null {
  const found = world.sessions.find(id);
  if (found === undefined || found.body.status !== 'open') return null;
  const expired: Stripe.Checkout.Session = { ...found.body, status: 'expired', url: null };
  world.sessions.save(expired);
  cancelIntentOf(world, expired);
  emit(world, 'checkout.session.expired', expired);
  return expired;
}

/** A payment of the session that was processing has ended. */
export function sessionPaymentEnded(world: World, sessionId: string, intent: Stripe.PaymentIntent): void {
  const session = world.sessions.find(sessionId);
  if (session === undefined) return;
  if (intent.status === 'succeeded') completeSession(world, session, intent, 'later');
  else emit(world, 'checkout.session.async_payment_failed', session.body);
}

/** Fails the authentication of a payment: no charge was made, another card may be tried. */
export function failAuthentication(
  world: World,
  intent: Stripe.PaymentIntent,
  method: Stripe.PaymentMethod,
): Stripe.PaymentIntent {
  const { code, message } = AUTHENTICATION_FAILED.payment;
  const failed: Stripe.PaymentIntent = {
    ...intent,
    status: 'requires_payment_method',
    payment_method: null,
    next_action: null,
    last_payment_error: { code, message, payment_method: method, type: 'invalid_request_error' },
  };
  world.paymentIntents.save(failed);
  emit(world, 'payment_intent.payment_failed', failed);
  return failed;
}

function tryMethod(
  world: World,
  session: StoredSession,
  method: StoredMethod,
  authenticated: boolean,
): PageOutcome {
  if (session.body.mode === 'setup') {
    const intent = world.setupIntents.find(idOf(session.body.setup_intent) ?? '');
    if (intent === undefined) throw new Error(`${session.body.id} has no SetupIntent`);
    const attempt = attemptSetup(world, intent.body, method, { authenticated });
    return ended(world, session, attempt.intent, attempt.decline);
  }
  const intent = intentOf(world, session);
  const attempt = attemptPayment(world, intent, method, { offSession: false, authenticated });
  return ended(world, session, attempt.intent, attempt.decline);
}

function ended(
  world: World,
  session: StoredSession,
  intent: Stripe.PaymentIntent | Stripe.SetupIntent,
  decline: Decline | null,
): PageOutcome {
  if (decline !== null) return { kind: 'declined', decline };
  if (intent.status === 'requires_action') return { kind: 'needs_authentication' };
  return { kind: 'complete', session: completeSession(world, session, intent, 'now') };
}

/** The PaymentIntent of the session: made at the first try, then the same for each. */
function intentOf(world: World, session: StoredSession): Stripe.PaymentIntent {
  const known = world.paymentIntents.find(idOf(session.body.payment_intent) ?? '');
  if (known !== undefined) return known.body;
  const { paymentIntentData: data, allowedTypes } = session.hidden;
  const intent = buildPaymentIntent(
    {
      ...data,
      amount: session.body.amount_total ?? 0,
      currency: session.body.currency ?? 'usd',
      customer: idOf(session.body.customer),
      allowedTypes,
    },
    world.clock.now(),
  );
  world.paymentIntents.insert(intent, {
    session: session.body.id,
    processingEndsIn: null,
    receivedAtMs: receivedAtMs(world),
  });
  session.body = { ...session.body, payment_intent: intent.id };
  world.sessions.save(session.body);
  emit(world, 'payment_intent.created', intent);
  return intent;
}

function cancelIntentOf(world: World, session: Stripe.Checkout.Session): void {
  const payment = world.paymentIntents.find(idOf(session.payment_intent) ?? '')?.body;
  if (payment !== undefined && payment.status !== 'succeeded' && payment.status !== 'canceled') {
    const canceled: Stripe.PaymentIntent = {
      ...payment,
      status: 'canceled',
      canceled_at: world.clock.now(),
      cancellation_reason: 'expired',
      next_action: null,
    };
    world.paymentIntents.save(canceled);
    emit(world, 'payment_intent.canceled', canceled);
  }
  const setup = world.setupIntents.find(idOf(session.setup_intent) ?? '')?.body;
  if (setup !== undefined && setup.status !== 'succeeded' && setup.status !== 'canceled') {
    const canceled: Stripe.SetupIntent = {
      ...setup,
      status: 'canceled',
      cancellation_reason: 'abandoned',
      next_action: null,
    };
    world.setupIntents.save(canceled);
    emit(world, 'setup_intent.canceled', canceled);
  }
}
