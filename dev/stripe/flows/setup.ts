// Saving a card: what confirming a SetupIntent does.
import type Stripe from 'stripe';
import type { Decline } from '../cards/declines.ts';
import { cardByNumber } from '../cards/test-cards.ts';
import { idOf } from '../core/refs.ts';
import type { World } from '../core/world.ts';
import { emit } from '../webhooks/emit.ts';
import { attach } from './attach.ts';
import type { StoredMethod } from './find-method.ts';

export interface SetupAttempt {
  intent: Stripe.SetupIntent;
  decline: Decline | null;
}

/** Tries to set `method` up; a refusal is written as well, nothing is thrown. */
export function attemptSetup(
  world: World,
  intent: Stripe.SetupIntent,
  method: StoredMethod,
  how: { authenticated: boolean },
): SetupAttempt {
  const card = cardByNumber(method.hidden.number);
  const tried: Stripe.SetupIntent = { ...intent, payment_method: method.body.id, next_action: null };
  if (card.attach !== null)
    return { intent: failSetup(world, tried, method.body, card.attach), decline: card.attach };
  if (card.authentication !== 'never' && !how.authenticated) {
    const waiting: Stripe.SetupIntent = {
      ...tried,
      status: 'requires_action',
      next_action: { type: 'use_stripe_sdk', use_stripe_sdk: {} },
    };
    world.setupIntents.save(waiting);
    emit(world, 'setup_intent.requires_action', waiting);
    return { intent: waiting, decline: null };
  }
  const customer = idOf(intent.customer);
  if (customer !== null) attach(world, method, customer, true);
  else world.paymentMethods.save(method.body, { ...method.hidden, setUp: true });
  const done: Stripe.SetupIntent = { ...tried, status: 'succeeded', last_setup_error: null };
  world.setupIntents.save(done);
  emit(world, 'setup_intent.succeeded', done);
  return { intent: done, decline: null };
}

/** The failed try on the SetupIntent, which waits for another card. */
export function failSetup(
  world: World,
  intent: Stripe.SetupIntent,
  method: Stripe.PaymentMethod,
  decline: Decline,
): Stripe.SetupIntent {
  const failed: Stripe.SetupIntent = {
    ...intent,
    status: 'requires_payment_method',
    payment_method: null,
    next_action: null,
    last_setup_error: {
      code: decline.code,
      ...(decline.declineCode !== '' && { decline_code: decline.declineCode }),
      message: decline.message,
      payment_method: method,
      type: 'card_error',
    },
  };
  world.setupIntents.save(failed);
  emit(world, 'setup_intent.setup_failed', failed);
  return failed;
}
