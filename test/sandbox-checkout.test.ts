// The Stripe sandbox through the official client: Checkout, its hosted pages and what they leave behind.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type Stripe from 'stripe';
import { startTestSandbox, submitPage, type TestSandbox } from './support/sandbox.ts';
import { card, charge, paymentSession, urlOf } from './support/sandbox-calls.ts';

let sandbox: TestSandbox;
let stripe: Stripe;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  stripe = sandbox.stripe;
});
afterAll(() => sandbox.close());

test('a paid page redirects with the session id, and the session carries payment, charge and invoice', async () => {
  const customer = await stripe.customers.create({ email: 'a@example.com', metadata: { personId: 'p1' } });
  const session = await paymentSession(stripe, customer.id);
  expect(session.payment_status).toBe('unpaid');
  const page = await (await fetch(urlOf(session))).text();
  expect(page).toContain('SANDBOX');
  expect(page).toContain('$25.00');
  expect(page).toContain('Credit for Acme');
  const reply = await submitPage(urlOf(session), { testCard: 'pm_card_visa' });
  expect([reply.status, reply.headers.get('location')]).toEqual([
    303,
    `http://localhost:8080/billing/return?session_id=${session.id}`,
  ]);
  const paid = await stripe.checkout.sessions.retrieve(session.id, {
    expand: ['payment_intent.latest_charge.balance_transaction', 'invoice.payments', 'line_items'],
  });
  expect(paid).toMatchObject({
    status: 'complete',
    payment_status: 'paid',
    amount_total: 2500,
    payment_intent: {
      status: 'succeeded',
      amount_received: 2500,
      metadata: { topUpId: 'top-up-1' },
      latest_charge: { paid: true, balance_transaction: { amount: 2500, fee: 103, net: 2397 } },
    },
    invoice: { status: 'paid', total: 2500, metadata: { topUpId: 'top-up-1' } },
    line_items: { data: [{ description: 'Credit for Acme', amount_total: 2500 }] },
  });
  const cards = await stripe.customers.listPaymentMethods(customer.id);
  expect(cards.data).toHaveLength(0);
});

test('a session is paid once however often its page is submitted', async () => {
  const customer = await stripe.customers.create();
  const session = await paymentSession(stripe, customer.id);
  const replies = await Promise.all(
    [1, 2, 3, 4].map(() => submitPage(urlOf(session), { testCard: 'pm_card_visa' })),
  );
  expect(replies.map(({ status }) => status)).toEqual([303, 303, 303, 303]);
  expect(await sandbox.charges({ customer: customer.id })).toHaveLength(1);
  expect(await (await fetch(urlOf(session))).text()).toContain('already been paid');
});

test('a declined card shows the reason and the page can be paid with another card, on the same payment', async () => {
  const customer = await stripe.customers.create();
  const session = await paymentSession(stripe, customer.id);
  const declined = await submitPage(urlOf(session), {
    testCard: 'pm_card_visa_chargeDeclinedInsufficientFunds',
  });
  expect(declined.status).toBe(402);
  expect(await declined.text()).toContain('Your card has insufficient funds.');
  expect((await submitPage(urlOf(session), { testCard: 'pm_card_visa' })).status).toBe(303);
  const charges = await sandbox.charges({ customer: customer.id });
  expect(charges.map(({ status }) => status)).toEqual(['failed', 'succeeded']);
  expect(new Set(charges.map(({ paymentIntent }) => paymentIntent)).size).toBe(1);
});

test('a 3D Secure card asks first: failing leaves the session open, completing pays', async () => {
  const customer = await stripe.customers.create();
  const session = await paymentSession(stripe, customer.id);
  const asked = await submitPage(urlOf(session), { testCard: 'pm_card_authenticationRequired' });
  expect(await asked.text()).toContain('Complete authentication');
  expect((await submitPage(urlOf(session), { authentication: 'fail' })).status).toBe(402);
  expect((await stripe.checkout.sessions.retrieve(session.id)).status).toBe('open');
  await submitPage(urlOf(session), { testCard: 'pm_card_authenticationRequired' });
  expect((await submitPage(urlOf(session), { authentication: 'complete' })).status).toBe(303);
  expect(await sandbox.charges({ customer: customer.id, status: 'succeeded' })).toHaveLength(1);
});

test('a card is kept by a payment only with setup_future_usage', async () => {
  const customer = await stripe.customers.create();
  const session = await paymentSession(stripe, customer.id, {
    payment_intent_data: { setup_future_usage: 'off_session' },
  });
  await submitPage(urlOf(session), { testCard: 'pm_card_visa' });
  const cards = await stripe.customers.listPaymentMethods(customer.id);
  expect(cards.data.map((kept) => kept.card?.last4)).toEqual(['4242']);
});

test('a setup session saves an authenticated card that then pays off-session', async () => {
  const customer = await stripe.customers.create();
  const session = await stripe.checkout.sessions.create({
    mode: 'setup',
    ui_mode: 'hosted_page',
    customer: customer.id,
    currency: 'usd',
    ...card,
    setup_intent_data: { metadata: { cardSetupId: 's1' } },
    consent_collection: { payment_method_reuse_agreement: { position: 'auto' } },
    success_url: 'http://localhost:8080/done?session_id={CHECKOUT_SESSION_ID}',
  });
  await submitPage(urlOf(session), { testCard: 'pm_card_authenticationRequiredOnSetup' });
  expect((await submitPage(urlOf(session), { authentication: 'complete' })).status).toBe(303);
  const done = await stripe.checkout.sessions.retrieve(session.id, {
    expand: ['setup_intent.payment_method'],
  });
  expect(done).toMatchObject({
    status: 'complete',
    payment_status: 'no_payment_required',
    setup_intent: {
      status: 'succeeded',
      metadata: { cardSetupId: 's1' },
      payment_method: { customer: customer.id, card: { last4: '3155' } },
    },
  });
  const [saved] = (await stripe.customers.listPaymentMethods(customer.id)).data;
  expect((await charge(stripe, customer.id, saved?.id ?? '')).status).toBe('succeeded');
});

test('a session expires on the sandbox clock and by call; its page then takes nothing', async () => {
  const own = await startTestSandbox();
  try {
    const customer = await own.stripe.customers.create();
    const base: Stripe.Checkout.SessionCreateParams = {
      mode: 'payment',
      customer: customer.id,
      line_items: [
        {
          quantity: 1,
          price_data: { currency: 'usd', unit_amount: 500, product_data: { name: 'Credit' } },
        },
      ],
      success_url: 'http://localhost/ok',
    };
    const first = await own.stripe.checkout.sessions.create({
      ...base,
      expires_at: Math.floor(Date.now() / 1000) + 1810,
    });
    const second = await own.stripe.checkout.sessions.create(base);
    await own.control('advance', { seconds: 1900 });
    await own.stripe.checkout.sessions.expire(second.id);
    for (const session of [first, second]) {
      expect((await own.stripe.checkout.sessions.retrieve(session.id)).status).toBe('expired');
      expect((await submitPage(urlOf(session), { testCard: 'pm_card_visa' })).status).toBe(410);
    }
    expect(await own.charges()).toHaveLength(0);
  } finally {
    await own.close();
  }
});
