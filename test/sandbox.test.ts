// The Stripe sandbox through the official client: customers, cards, Checkout, off-session payments, lists.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type Stripe from 'stripe';
import {
  refusalOf,
  startTestSandbox,
  stripeClient,
  submitPage,
  type TestSandbox,
} from './support/sandbox.ts';

let sandbox: TestSandbox;
let stripe: Stripe;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  stripe = sandbox.stripe;
});
afterAll(() => sandbox.close());

const card = { allowed_payment_method_types: ['card'] };

function paymentSession(customer: string, more: Partial<Stripe.Checkout.SessionCreateParams> = {}) {
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

function charge(
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

async function customerWith(cardName: string): Promise<{ customer: string; method: string }> {
  const { id: customer } = await stripe.customers.create({ email: 'sponsor@example.com' });
  const made = cardName.startsWith('tok_')
    ? (await stripe.paymentMethods.create({ type: 'card', card: { token: cardName } })).id
    : cardName;
  const { id: method } = await stripe.paymentMethods.attach(made, { customer });
  return { customer, method };
}

function urlOf(session: Stripe.Checkout.Session): string {
  if (session.url === null) throw new Error('the session has no page');
  return session.url;
}

describe('checkout', () => {
  test('a paid page redirects with the session id, and the session carries payment, charge and invoice', async () => {
    const customer = await stripe.customers.create({ email: 'a@example.com', metadata: { personId: 'p1' } });
    const session = await paymentSession(customer.id);
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
    const session = await paymentSession(customer.id);
    const replies = await Promise.all(
      [1, 2, 3, 4].map(() => submitPage(urlOf(session), { testCard: 'pm_card_visa' })),
    );
    expect(replies.map(({ status }) => status)).toEqual([303, 303, 303, 303]);
    expect(await sandbox.charges({ customer: customer.id })).toHaveLength(1);
    expect(await (await fetch(urlOf(session))).text()).toContain('already been paid');
  });

  test('a declined card shows the reason and the page can be paid with another card, on the same payment', async () => {
    const customer = await stripe.customers.create();
    const session = await paymentSession(customer.id);
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
    const session = await paymentSession(customer.id);
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
    const session = await paymentSession(customer.id, {
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
    expect((await charge(customer.id, saved?.id ?? '')).status).toBe('succeeded');
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
});

describe('off-session payments', () => {
  test('a saved card pays, with charge, receipt and balance transaction', async () => {
    const { customer, method } = await customerWith('pm_card_visa');
    const paid = await charge(customer, method, { metadata: { topUpId: 't7', attempt: '1' } });
    expect(paid).toMatchObject({
      status: 'succeeded',
      amount_received: 2000,
      payment_method_types: ['card'],
      latest_charge: { status: 'succeeded', calculated_statement_descriptor: 'SANDBOX* CREDITS' },
    });
    const latest = paid.latest_charge;
    if (typeof latest !== 'object' || latest?.receipt_url == null) throw new Error('no receipt');
    expect(await (await fetch(latest.receipt_url)).text()).toContain('$20.00');
    const movements = await stripe.balanceTransactions.list({ source: latest.id });
    expect(movements.data).toMatchObject([{ amount: 2000, fee: 88, type: 'charge' }]);
    expect(await sandbox.charges({ topUpId: 't7' })).toHaveLength(1);
  });

  test.each([
    ['pm_card_chargeCustomerFail', 'card_declined', 'generic_decline', 'try_again_later'],
    ['tok_visa_chargeCustomerFailLostCard', 'card_declined', 'lost_card', 'do_not_try_again'],
    ['tok_visa_chargeCustomerFailStolenCard', 'card_declined', 'stolen_card', 'do_not_try_again'],
    [
      'pm_card_authenticationRequiredChargeDeclinedInsufficientFunds',
      'card_declined',
      'insufficient_funds',
      'try_again_later',
    ],
    ['pm_card_authenticationRequired', 'authentication_required', 'authentication_required', undefined],
    [
      'pm_card_authenticationRequiredOnSetup',
      'authentication_required',
      'authentication_required',
      undefined,
    ],
    ['pm_card_radarBlock', 'card_declined', 'fraudulent', undefined],
  ])('%s attaches and then answers 402 %s %s', async (name, code, declineCode, adviceCode) => {
    const { customer, method } = await customerWith(name);
    const refusal = await refusalOf(charge(customer, method));
    expect(refusal).toMatchObject({
      statusCode: 402,
      type: 'StripeCardError',
      code,
      decline_code: declineCode,
    });
    expect(refusal.advice_code).toBe(adviceCode);
    const intent = await stripe.paymentIntents.retrieve(refusal.payment_intent?.id ?? '');
    expect(intent).toMatchObject({
      status: 'requires_payment_method',
      latest_charge: refusal.charge,
      last_payment_error: { code, decline_code: declineCode, payment_method: { id: method } },
    });
    expect((await stripe.paymentIntents.cancel(intent.id)).status).toBe('canceled');
  });

  test.each([
    'pm_card_visa_chargeDeclined',
    'pm_card_chargeDeclined',
    'pm_card_visa_chargeDeclinedLostCard',
    'pm_card_chargeDeclinedExpiredCard',
    'pm_card_chargeDeclinedIncorrectCvc',
    'pm_card_chargeDeclinedProcessingError',
  ])('%s cannot be attached', async (name) => {
    const customer = await stripe.customers.create();
    const refusal = await refusalOf(stripe.paymentMethods.attach(name, { customer: customer.id }));
    expect(refusal.statusCode).toBe(402);
    expect((await stripe.customers.listPaymentMethods(customer.id)).data).toHaveLength(0);
  });

  test('the next outcome of a card can be any code, for a number of times', async () => {
    const { customer, method } = await customerWith('pm_card_visa');
    const fingerprint = (await stripe.paymentMethods.retrieve(method)).card?.fingerprint;
    await sandbox.control('next_outcome', {
      customer,
      fingerprint,
      code: 'card_decline_rate_limit_exceeded',
      declineCode: 'card_velocity_exceeded',
      adviceCode: 'try_again_later',
      times: 2,
    });
    for (const attempt of [1, 2]) {
      expect(
        await refusalOf(charge(customer, method, { metadata: { attempt: String(attempt) } })),
      ).toMatchObject({
        code: 'card_decline_rate_limit_exceeded',
        decline_code: 'card_velocity_exceeded',
        advice_code: 'try_again_later',
      });
    }
    expect((await charge(customer, method)).status).toBe('succeeded');
  });

  test('a payment can be processing and end later, or require action with 200', async () => {
    const { customer, method } = await customerWith('pm_card_visa');
    const asked = { customer, outcome: 'processing', afterSeconds: 3600 };
    await sandbox.control('next_outcome', asked);
    await sandbox.control('next_outcome', { ...asked, endsIn: 'insufficient_funds' });
    await sandbox.control('next_outcome', { customer, outcome: 'requires_action' });
    const intents = [
      await charge(customer, method),
      await charge(customer, method),
      await charge(customer, method),
    ];
    expect(intents.map(({ status }) => status)).toEqual(['processing', 'processing', 'requires_action']);
    await sandbox.control('advance', { seconds: 3601 });
    const after = await Promise.all(intents.map(({ id }) => stripe.paymentIntents.retrieve(id)));
    expect(after.map(({ status }) => status)).toEqual([
      'succeeded',
      'requires_payment_method',
      'requires_action',
    ]);
  });

  test("a detached card, another customer's card and a missing one are refused with 400", async () => {
    const { customer, method } = await customerWith('pm_card_visa');
    const other = await customerWith('pm_card_visa');
    expect(other.method).not.toBe(method);
    expect(await refusalOf(charge(customer, other.method))).toMatchObject({
      statusCode: 400,
      code: 'resource_missing',
    });
    expect(await refusalOf(charge(customer, 'pm_nothing'))).toMatchObject({
      statusCode: 400,
      code: 'resource_missing',
    });
    await stripe.paymentMethods.detach(method);
    expect((await refusalOf(charge(customer, method))).statusCode).toBe(400);
    await stripe.customers.del(other.customer);
    expect(await refusalOf(charge(other.customer, other.method))).toMatchObject({
      code: 'resource_missing',
      param: 'customer',
    });
  });

  test('a PaymentIntent is confirmed later, and not twice', async () => {
    const { customer, method } = await customerWith('pm_card_visa');
    const intent = await stripe.paymentIntents.create({
      amount: 900,
      currency: 'usd',
      customer,
      payment_method: method,
    });
    expect(intent.status).toBe('requires_confirmation');
    expect((await stripe.paymentIntents.confirm(intent.id)).status).toBe('succeeded');
    for (const call of [stripe.paymentIntents.confirm(intent.id), stripe.paymentIntents.cancel(intent.id)]) {
      expect(await refusalOf(call)).toMatchObject({
        statusCode: 400,
        code: 'payment_intent_unexpected_state',
      });
    }
  });
});

describe('requests', () => {
  test('lists are newest first and page both ways; created and customer filter', async () => {
    const { customer, method } = await customerWith('pm_card_visa');
    const made: string[] = [];
    for (let n = 0; n < 5; n += 1) made.unshift((await charge(customer, method)).id);
    const first = await stripe.paymentIntents.list({ customer, limit: 2 });
    expect([first.data.map(({ id }) => id), first.has_more]).toEqual([made.slice(0, 2), true]);
    const second = await stripe.paymentIntents.list({ customer, limit: 3, starting_after: made[1] ?? '' });
    expect([second.data.map(({ id }) => id), second.has_more]).toEqual([made.slice(2), false]);
    const before = await stripe.paymentIntents.list({ customer, limit: 2, ending_before: made[4] ?? '' });
    expect([before.data.map(({ id }) => id), before.has_more]).toEqual([made.slice(2, 4), true]);
    const walked: string[] = [];
    for await (const intent of stripe.paymentIntents.list({ customer, limit: 2 })) walked.push(intent.id);
    expect(walked).toEqual(made);
    const since = first.data[0]?.created ?? 0;
    expect((await stripe.paymentIntents.list({ customer, created: { gte: since - 60 } })).data).toHaveLength(
      5,
    );
    expect((await stripe.paymentIntents.list({ customer, created: { gt: since + 60 } })).data).toHaveLength(
      0,
    );
  });

  test('amounts and currencies outside the bounds are refused', async () => {
    const { customer, method } = await customerWith('pm_card_visa');
    expect((await refusalOf(charge(customer, method, { amount: 49 }))).code).toBe('amount_too_small');
    expect((await refusalOf(charge(customer, method, { amount: 100_000_000 }))).code).toBe(
      'amount_too_large',
    );
    expect((await refusalOf(charge(customer, method, { currency: 'xyz' }))).param).toBe('currency');
  });

  test.each([
    [
      'an unknown parameter',
      'POST',
      'payment_intents',
      'amount=500&currency=usd&surprise=1',
      400,
      'parameter_unknown',
    ],
    ['a missing one', 'POST', 'payment_intents', 'currency=usd', 400, 'parameter_missing'],
    ['a wrong one', 'POST', 'payment_intents', 'amount=5.5&currency=usd', 400, 'parameter_invalid_integer'],
    [
      'a nested unknown one',
      'POST',
      'checkout/sessions',
      'mode=setup&currency=usd&success_url=http://x/&setup_intent_data[x]=1',
      400,
      'parameter_unknown',
    ],
    [
      'payment_method_types with a version',
      'POST',
      'payment_intents',
      'amount=500&currency=usd&payment_method_types[]=card',
      400,
      'payment_method_types_no_longer_supported',
    ],
    ['an unknown object', 'GET', 'payment_intents/pi_nothing', '', 404, 'resource_missing'],
    ['an unknown route', 'GET', 'nothing', '', 404, undefined],
  ])('%s is answered with an error envelope', async (_, method, path, body, status, code) => {
    const reply = await fetch(`${sandbox.url}/v1/${path}`, {
      method,
      ...(method === 'POST' && { body: new URLSearchParams(body) }),
      headers: { authorization: 'Bearer sk_test_1', 'stripe-version': '2026-10-28.endive' },
    });
    expect(reply.status).toBe(status);
    expect(reply.headers.get('request-id')).toMatch(/^req_/);
    const envelope: { error: { code?: string; type: string } } = JSON.parse(await reply.text());
    expect([envelope.error.type, envelope.error.code]).toEqual(['invalid_request_error', code]);
  });

  test('without Stripe-Version payment_method_types passes, as the CLI sends it', async () => {
    const reply = await fetch(`${sandbox.url}/v1/payment_intents`, {
      method: 'POST',
      body: new URLSearchParams('amount=500&currency=usd&payment_method_types[]=card'),
      headers: { authorization: 'Bearer sk_test_1' },
    });
    expect(reply.status).toBe(200);
  });

  test.each([undefined, 'Bearer sk_live_123', 'Bearer pk_test_123', 'Bearer '])(
    'the key %s is refused with 401',
    async (key) => {
      const reply = await fetch(
        `${sandbox.url}/v1/customers`,
        key === undefined ? {} : { headers: { authorization: key } },
      );
      expect(reply.status).toBe(401);
    },
  );

  test('a customer is created, changed, listed and deleted', async () => {
    const created = await stripe.customers.create({
      email: 'x@example.com',
      name: 'X',
      metadata: { a: '1', b: '2' },
    });
    const changed = await stripe.customers.update(created.id, { name: 'Y', metadata: { a: '', c: '3' } });
    expect(changed).toMatchObject({ name: 'Y', email: 'x@example.com', metadata: { b: '2', c: '3' } });
    expect((await stripe.customers.list({ email: 'x@example.com' })).data.map(({ id }) => id)).toEqual([
      created.id,
    ]);
    await stripe.customers.del(created.id);
    expect(await stripe.customers.retrieve(created.id)).toMatchObject({ id: created.id, deleted: true });
  });

  test('a customer pays many charges at once through several clients, each once', async () => {
    const { customer, method } = await customerWith('pm_card_visa');
    const clients = [stripeClient(sandbox.port), stripeClient(sandbox.port)];
    const params = {
      amount: 700,
      currency: 'usd',
      customer,
      payment_method: method,
      confirm: true,
      off_session: true,
    };
    await Promise.all(
      Array.from({ length: 100 }, (_, n) =>
        clients[n % 2]?.paymentIntents.create(params, { idempotencyKey: `many:${customer}:${n % 50}` }),
      ),
    );
    expect(await sandbox.charges({ customer })).toHaveLength(50);
  });
});
