// What Coffer asks of Stripe, for tests of the sandbox: a hosted page, a charge, a customer with a saved card.
import type Stripe from 'stripe';

/** As we ask for cards, and only cards. */
export const card = { allowed_payment_method_types: ['card'] };

/** Opens a hosted page for $25. */
export function paymentSession(
  stripe: Stripe,
  customer: string,
  more: Partial<Stripe.Checkout.SessionCreateParams> = {},
) {
  return stripe.checkout.sessions.create({
    mode: 'payment',
    ui_mode: 'hosted_page',
    customer,
    client_reference_id: 'top-up-1',
    line_items: [
      {
        quantity: 1,
        price_data: { currency: 'usd', unit_amount: 2500, product_data: { name: 'Credit for Acme' } },
      },
    ],
    ...card,
    adaptive_pricing: { enabled: false },
    payment_intent_data: { description: 'Credit', metadata: { topUpId: 'top-up-1' } },
    invoice_creation: { enabled: true, invoice_data: { metadata: { topUpId: 'top-up-1' } } },
    metadata: { topUpId: 'top-up-1' },
    success_url: 'http://localhost:8080/billing/return?session_id={CHECKOUT_SESSION_ID}',
    cancel_url: 'http://localhost:8080/billing',
    ...more,
  });
}

/** Charges $20 to a saved card, off-session. */
export function charge(
  stripe: Stripe,
  customer: string,
  paymentMethod: string,
  more: Partial<Stripe.PaymentIntentCreateParams> = {},
) {
  return stripe.paymentIntents.create({
    amount: 2000,
    currency: 'usd',
    customer,
    payment_method: paymentMethod,
    off_session: true,
    confirm: true,
    ...card,
    statement_descriptor_suffix: 'CREDITS',
    expand: ['latest_charge'],
    ...more,
  });
}

/** A customer who saved a card. */
export async function customerWith(
  stripe: Stripe,
  cardName: string,
): Promise<{ customer: string; method: string }> {
  const { id: customer } = await stripe.customers.create({ email: 'sponsor@example.com' });
  const made = cardName.startsWith('tok_')
    ? (await stripe.paymentMethods.create({ type: 'card', card: { token: cardName } })).id
    : cardName;
  const { id: method } = await stripe.paymentMethods.attach(made, { customer });
  return { customer, method };
}

/** The address of a session's page. */
export function urlOf(session: Stripe.Checkout.Session): string {
  if (session.url === null) throw new Error('the session has no page');
  return session.url;
}
