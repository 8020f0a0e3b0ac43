// Stripe as Coffer calls it: each call with our key, each reply checked for the object and id that were asked for.
import type Stripe from 'stripe';

/** Stripe answered with something else than what was asked for: whether it was executed is unknown. */
export class UnreadableReply extends Error {
  override readonly name = 'UnreadableReply';
}

export type StripeAccess = ReturnType<typeof stripeAccess>;

/** Wraps the official client: empty ids are refused before, unexpected replies after the call. */
export function stripeAccess(client: Stripe) {
  const { charges, customers, checkout, paymentIntents, paymentMethods } = client;
  return {
    createCustomer: async (params: Stripe.CustomerCreateParams, key: string) =>
      checked('customer', await customers.create(params, { idempotencyKey: key })),

    deleteCustomer: async (id: string) => checked('customer', await customers.del(named(id)), id),

    createCheckout: async (params: Stripe.Checkout.SessionCreateParams, key: string) =>
      checked('checkout.session', await checkout.sessions.create(params, { idempotencyKey: key })),

    retrieveCheckout: async (id: string) =>
      checked('checkout.session', await checkout.sessions.retrieve(named(id)), id),

    expireCheckout: async (id: string) =>
      checked(
        'checkout.session',
        await checkout.sessions.expire(named(id), {}, { idempotencyKey: `expire:${id}` }),
        id,
      ),

    /** The session of a setup, with the card it saved. */
    retrieveSetup: async (id: string) =>
      checked(
        'checkout.session',
        await checkout.sessions.retrieve(named(id), { expand: ['setup_intent.payment_method'] }),
        id,
      ),

    /** The session that made a PaymentIntent, if one did. */
    findCheckoutOf: async (paymentIntentId: string) =>
      listed(await checkout.sessions.list({ payment_intent: named(paymentIntentId), limit: 1 })).at(0),

    createPaymentIntent: async (params: Stripe.PaymentIntentCreateParams, key: string) =>
      checked('payment_intent', await paymentIntents.create(params, { idempotencyKey: key })),

    retrievePaymentIntent: async (id: string) =>
      checked('payment_intent', await paymentIntents.retrieve(named(id)), id),

    /** A PaymentIntent with its last charge, which says what was given back or is disputed. */
    retrieveChargedIntent: async (id: string) =>
      checked('payment_intent', await paymentIntents.retrieve(named(id), { expand: ['latest_charge'] }), id),

    retrieveCharge: async (id: string) => checked('charge', await charges.retrieve(named(id)), id),

    cancelPaymentIntent: async (id: string) =>
      checked(
        'payment_intent',
        await paymentIntents.cancel(named(id), {}, { idempotencyKey: `cancel:${id}` }),
        id,
      ),

    /** Every PaymentIntent of a Customer since a time. */
    async listPaymentIntents(customerId: string, since: Date): Promise<Stripe.PaymentIntent[]> {
      const found: Stripe.PaymentIntent[] = [];
      const created = { gte: Math.floor(since.getTime() / 1000) };
      for (;;) {
        const last = found.at(-1)?.id;
        const page = await paymentIntents.list({
          customer: named(customerId),
          created,
          limit: 100,
          ...(last !== undefined && { starting_after: last }),
        });
        found.push(...listed(page));
        if (!page.has_more || page.data.length === 0) return found;
      }
    },

    retrievePaymentMethod: async (id: string) =>
      checked('payment_method', await paymentMethods.retrieve(named(id)), id),

    detachPaymentMethod: async (id: string) =>
      checked('payment_method', await paymentMethods.detach(named(id)), id),
  };
}

function named(id: string): string {
  if (id === '') throw new RangeError('an empty id would ask Stripe for a list');
  return id;
}

function checked<T extends { object: string; id: string }>(object: T['object'], reply: T, id?: string): T {
  const isIt = reply.object === object && typeof reply.id === 'string' && reply.id !== '';
  if (isIt && (id === undefined || reply.id === id)) return reply;
  throw new UnreadableReply(`Stripe did not answer with the ${object} that was asked for`);
}

function listed<T>(page: { object: string; data: T[] }): T[] {
  if (page.object === 'list' && Array.isArray(page.data)) return page.data;
  throw new UnreadableReply('Stripe did not answer with a list');
}

/** The id of something that Stripe gives as an id or, expanded, as the whole. */
export function idOf(reference: string | { id: string } | null | undefined): string | null {
  if (reference === null || reference === undefined) return null;
  return typeof reference === 'string' ? reference : reference.id;
}
