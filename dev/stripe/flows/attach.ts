// Attaching a card to a customer, and detaching it.
import type Stripe from 'stripe';
import type { Decline } from '../cards/declines.ts';
import { StripeRefusal } from '../core/refusal.ts';
import type { World } from '../core/world.ts';
import { emit } from '../webhooks/emit.ts';
import type { StoredMethod } from './find-method.ts';

/** Gives the card to the customer; `setUp` when the person authenticated for later use. */
export function attach(world: World, method: StoredMethod, customer: string, setUp: boolean): StoredMethod {
  const body: Stripe.PaymentMethod = { ...method.body, customer };
  const hidden = { ...method.hidden, setUp: method.hidden.setUp || setUp };
  world.paymentMethods.save(body, hidden);
  if (method.body.customer === null) emit(world, 'payment_method.attached', body);
  return { body, hidden };
}

/** Takes the card from its customer for good; it also stops being the default for invoices. */
export function detach(world: World, method: StoredMethod): Stripe.PaymentMethod {
  const body: Stripe.PaymentMethod = { ...method.body, customer: null };
  world.paymentMethods.save(body, { ...method.hidden, spent: true });
  emit(world, 'payment_method.detached', body, { customer: method.body.customer });
  return body;
}

/** 402 for a card that its issuer refuses to have saved. */
export function attachRefused(decline: Decline, method: Stripe.PaymentMethod): StripeRefusal {
  return new StripeRefusal(402, {
    type: 'card_error',
    code: decline.code,
    decline_code: decline.declineCode,
    ...(decline.adviceCode !== null && { advice_code: decline.adviceCode }),
    message: decline.message,
    payment_method: method,
  });
}
