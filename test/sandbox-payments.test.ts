// The Stripe sandbox through the official client: off-session payments, their declines and their states.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type Stripe from 'stripe';
import { refusalOf, startTestSandbox, type TestSandbox } from './support/sandbox.ts';
import { charge, customerWith } from './support/sandbox-calls.ts';

let sandbox: TestSandbox;
let stripe: Stripe;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  stripe = sandbox.stripe;
});
afterAll(() => sandbox.close());

test('a saved card pays, with charge, receipt and balance transaction', async () => {
  const { customer, method } = await customerWith(stripe, 'pm_card_visa');
  const paid = await charge(stripe, customer, method, { metadata: { topUpId: 't7', attempt: '1' } });
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
  ['pm_card_authenticationRequiredOnSetup', 'authentication_required', 'authentication_required', undefined],
  ['pm_card_radarBlock', 'card_declined', 'fraudulent', undefined],
])('%s attaches and then answers 402 %s %s', async (name, code, declineCode, adviceCode) => {
  const { customer, method } = await customerWith(stripe, name);
  const refusal = await refusalOf(charge(stripe, customer, method));
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
  const { customer, method } = await customerWith(stripe, 'pm_card_visa');
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
      await refusalOf(charge(stripe, customer, method, { metadata: { attempt: String(attempt) } })),
    ).toMatchObject({
      code: 'card_decline_rate_limit_exceeded',
      decline_code: 'card_velocity_exceeded',
      advice_code: 'try_again_later',
    });
  }
  expect((await charge(stripe, customer, method)).status).toBe('succeeded');
});

test('a payment can be processing and end later, or require action with 200', async () => {
  const { customer, method } = await customerWith(stripe, 'pm_card_visa');
  const asked = { customer, outcome: 'processing', afterSeconds: 3600 };
  await sandbox.control('next_outcome', asked);
  await sandbox.control('next_outcome', { ...asked, endsIn: 'insufficient_funds' });
  await sandbox.control('next_outcome', { customer, outcome: 'requires_action' });
  const intents = [
    await charge(stripe, customer, method),
    await charge(stripe, customer, method),
    await charge(stripe, customer, method),
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
  const { customer, method } = await customerWith(stripe, 'pm_card_visa');
  const other = await customerWith(stripe, 'pm_card_visa');
  expect(other.method).not.toBe(method);
  expect(await refusalOf(charge(stripe, customer, other.method))).toMatchObject({
    statusCode: 400,
    code: 'resource_missing',
  });
  expect(await refusalOf(charge(stripe, customer, 'pm_nothing'))).toMatchObject({
    statusCode: 400,
    code: 'resource_missing',
  });
  await stripe.paymentMethods.detach(method);
  expect((await refusalOf(charge(stripe, customer, method))).statusCode).toBe(400);
  await stripe.customers.del(other.customer);
  expect(await refusalOf(charge(stripe, other.customer, other.method))).toMatchObject({
    code: 'resource_missing',
    param: 'customer',
  });
});

test('a PaymentIntent is confirmed later, and not twice', async () => {
  const { customer, method } = await customerWith(stripe, 'pm_card_visa');
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
