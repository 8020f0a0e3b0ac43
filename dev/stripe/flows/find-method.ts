// From a `payment_method` parameter to a card that may be used by this customer.
import type Stripe from 'stripe';
import { cardByAlias, type TestCard } from '../cards/test-cards.ts';
import type { Stored } from '../core/collection.ts';
import { idOf } from '../core/refs.ts';
import { invalid, missing } from '../core/refusal.ts';
import type { World } from '../core/world.ts';
import { buildPaymentMethod, type PaymentMethodHidden } from '../objects/payment-method.ts';

export type StoredMethod = Stored<Stripe.PaymentMethod, PaymentMethodHidden>;

/** A fresh, unattached PaymentMethod of a test card. */
export function makeMethod(
  world: World,
  card: TestCard,
  given: Parameters<typeof buildPaymentMethod>[2] = {},
): StoredMethod {
  const body = buildPaymentMethod(card, world.clock.now(), given);
  const hidden: PaymentMethodHidden = { number: card.number, setUp: false, spent: false };
  world.paymentMethods.insert(body, hidden);
  return { body, hidden };
}

/** The card named by `reference` (an id, or `pm_card_…`, which makes one); 400 unless `customer` may use it. */
export function usableMethod(world: World, reference: string, customer: string | null): StoredMethod {
  const card = reference.startsWith('pm_card_') ? cardByAlias(reference) : undefined;
  if (card !== undefined) return makeMethod(world, card);
  const found = world.paymentMethods.find(reference);
  if (found === undefined) throw missing('PaymentMethod', reference, 'payment_method');
  const owner = idOf(found.body.customer);
  if (found.hidden.spent) {
    throw invalid(
      'The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, shared with a connected account without Customer attachment, or was detached from a Customer. It may not be used again. To use a PaymentMethod multiple times, you must attach it to a Customer first.',
    );
  }
  if (owner !== null && customer === null) {
    throw invalid(
      `The payment method you provided (${reference}) is attached to a customer, so for security purposes you must provide the customer in the request.`,
      { param: 'payment_method' },
    );
  }
  if (owner !== null && owner !== customer) {
    throw invalid(
      `The customer does not have a payment method with the ID ${reference}. The payment method must be attached to the customer.`,
      { code: 'resource_missing', param: 'payment_method' },
    );
  }
  return found;
}

/** The customer named by a parameter; 400 when there is none or it was deleted. */
export function existingCustomer(world: World, id: string): Stored<Stripe.Customer, { deleted: boolean }> {
  const found = world.customers.find(id);
  if (found === undefined || found.hidden.deleted) throw missing('customer', id, 'customer');
  return found;
}
