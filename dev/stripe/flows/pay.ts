// Taking a payment: what confirming a PaymentIntent does to it, its charge and the balance.
import type Stripe from 'stripe';
import type { Decline } from '../cards/declines.ts';
import { judge } from '../cards/judge.ts';
import { idOf } from '../core/refs.ts';
import { StripeRefusal } from '../core/refusal.ts';
import { receivedAtMs, type World } from '../core/world.ts';
import { buildChargeTransaction } from '../objects/balance-transaction.ts';
import { buildCharge } from '../objects/charge.ts';
import { emit } from '../webhooks/emit.ts';
import { attach } from './attach.ts';
import type { StoredMethod } from './find-method.ts';
import { schedule } from './schedule.ts';

export interface Attempt {
  intent: Stripe.PaymentIntent;
  /** Why the card was refused; null when it was not. */
  decline: Decline | null;
  charge: Stripe.Charge | null;
}

/** Tries `method` for `intent`. Everything it does is written, a decline too; it throws nothing. */
export function attemptPayment(
  world: World,
  intent: Stripe.PaymentIntent,
  method: StoredMethod,
  how: { offSession: boolean; authenticated: boolean; returnUrl?: string | undefined },
): Attempt {
  const verdict = judge(world, method.body, method.hidden, { ...how, customer: idOf(intent.customer) });
  const tried: Stripe.PaymentIntent = { ...intent, payment_method: method.body.id, next_action: null };
  switch (verdict.kind) {
    case 'needs_authentication': {
      const waiting = saved(world, {
        ...tried,
        status: 'requires_action',
        next_action: nextAction(world, intent, how.returnUrl),
      });
      emit(world, 'payment_intent.requires_action', waiting);
      return { intent: waiting, decline: null, charge: null };
    }
    case 'declined':
      return declined(world, tried, method, verdict.decline);
    case 'processing': {
      const charge = buildCharge(tried, method.body, 'pending', world.clock.now(), world.baseUrl);
      world.charges.insert(charge, { receivedAtMs: receivedAtMs(world) });
      const waiting = saved(
        world,
        { ...tried, status: 'processing', latest_charge: charge.id },
        verdict.endsIn,
      );
      schedule(world, world.clock.nowMs() + verdict.afterSeconds * 1000, 'end_processing', intent.id);
      emit(world, 'charge.pending', charge);
      emit(world, 'payment_intent.processing', waiting);
      return { intent: waiting, decline: null, charge };
    }
    case 'approved': {
      const charge = buildCharge(tried, method.body, 'succeeded', world.clock.now(), world.baseUrl);
      world.charges.insert(charge, { receivedAtMs: receivedAtMs(world) });
      keepMethod(world, tried, method, how.authenticated);
      return { ...succeed(world, tried, charge), decline: null };
    }
    default:
      return verdict satisfies never;
  }
}

/** Marks the payment as paid by `charge`, and books it. */
export function succeed(
  world: World,
  intent: Stripe.PaymentIntent,
  charge: Stripe.Charge,
): { intent: Stripe.PaymentIntent; charge: Stripe.Charge } {
  const transaction = buildChargeTransaction(charge, world.clock.now());
  world.balanceTransactions.insert(transaction, {});
  const booked: Stripe.Charge = { ...charge, status: 'succeeded', balance_transaction: transaction.id };
  world.charges.save(booked);
  const paid = saved(world, {
    ...intent,
    status: 'succeeded',
    amount_received: intent.amount,
    last_payment_error: null,
    latest_charge: charge.id,
    next_action: null,
  });
  emit(world, 'charge.succeeded', booked);
  emit(world, 'payment_intent.succeeded', paid);
  return { intent: paid, charge: booked };
}

/** The failed try on the PaymentIntent, which waits for another card. */
export function fail(
  world: World,
  intent: Stripe.PaymentIntent,
  method: Stripe.PaymentMethod,
  charge: Stripe.Charge,
  decline: Decline,
): Stripe.PaymentIntent {
  const waiting = saved(world, {
    ...intent,
    status: 'requires_payment_method',
    payment_method: null,
    latest_charge: charge.id,
    last_payment_error: { ...declineFields(decline, charge.id), payment_method: method, type: 'card_error' },
  });
  emit(world, 'charge.failed', charge);
  emit(world, 'payment_intent.payment_failed', waiting);
  return waiting;
}

/** 402 for a declined attempt; the failed charge and the PaymentIntent stay. */
export function declineRefusal(attempt: Attempt & { decline: Decline }): StripeRefusal {
  const method = attempt.intent.last_payment_error?.payment_method;
  return new StripeRefusal(
    402,
    {
      type: 'card_error',
      ...declineFields(attempt.decline, attempt.charge?.id ?? null),
      payment_intent: attempt.intent,
      ...(method !== undefined && { payment_method: method }),
    },
    { keepsEffects: true },
  );
}

function declined(
  world: World,
  intent: Stripe.PaymentIntent,
  method: StoredMethod,
  decline: Decline,
): Attempt {
  const charge = buildCharge(intent, method.body, decline, world.clock.now(), world.baseUrl);
  world.charges.insert(charge, { receivedAtMs: receivedAtMs(world) });
  if (method.body.customer === null) {
    world.paymentMethods.save(method.body, { ...method.hidden, spent: true });
  }
  return { intent: fail(world, intent, method.body, charge, decline), decline, charge };
}

function declineFields(decline: Decline, charge: string | null) {
  return {
    ...(decline.adviceCode !== null && { advice_code: decline.adviceCode }),
    ...(charge !== null && { charge }),
    code: decline.code,
    decline_code: decline.declineCode,
    message: decline.message,
    ...(decline.networkDeclineCode !== null && { network_decline_code: decline.networkDeclineCode }),
  };
}

function keepMethod(
  world: World,
  intent: Stripe.PaymentIntent,
  method: StoredMethod,
  authenticated: boolean,
): void {
  const customer = idOf(intent.customer);
  const keeps = intent.setup_future_usage !== null && customer !== null;
  if (keeps) attach(world, method, customer, authenticated || intent.setup_future_usage === 'off_session');
  else if (method.body.customer === null) {
    world.paymentMethods.save(method.body, { ...method.hidden, spent: true });
  }
}

function nextAction(
  world: World,
  intent: Stripe.PaymentIntent,
  returnUrl: string | undefined,
): Stripe.PaymentIntent.NextAction {
  if (returnUrl === undefined) return { type: 'use_stripe_sdk', use_stripe_sdk: {} };
  return {
    type: 'redirect_to_url',
    redirect_to_url: { return_url: returnUrl, url: `${world.baseUrl}/c/authenticate/${intent.id}` },
  };
}

function saved(world: World, intent: Stripe.PaymentIntent, endsIn?: string | null): Stripe.PaymentIntent {
  const hidden = endsIn === undefined ? undefined : world.paymentIntents.find(intent.id)?.hidden;
  world.paymentIntents.save(intent, hidden && { ...hidden, processingEndsIn: endsIn ?? null });
  return intent;
}
