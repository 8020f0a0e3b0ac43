// Quarantine: operators see what was set aside and why, decide once, and only then auto top-up goes on.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { settle } from '../activities/payments/settle.ts';
import { quarantinePayment } from '../ledger/payments/settlement.ts';
import { createServiceToken } from '../ledger/service-tokens.ts';
import { verify } from '../ledger/verify/verify.ts';
import { startTestPayments, type TestPayments, type TestTeam } from './support/payments.ts';
import { createOperatorToken } from './support/people.ts';

let payments: TestPayments;
let team: TestTeam;
let operator: string;
let reader: string;

beforeAll(async () => {
  payments = await startTestPayments({ worker: false });
  operator = await createOperatorToken(payments.pool);
  const now = new Date();
  const expiresAt = new Date(now.getTime() + 86_400_000);
  const token = { kind: 'operator', name: 'reader', scopes: ['read'], now, expiresAt } as const;
  reader = (await createServiceToken(payments.pool, token)).secret;
});
afterAll(() => payments?.stop());
beforeEach(async () => {
  team = await payments.team();
});

const list = (query = '', token = operator) =>
  payments.api.json('GET', `/v1/operator/quarantine${query}`, { token });

function resolve(id: string, body: object, key = randomUUID(), token = operator) {
  const headers = { 'idempotency-key': key };
  return payments.api.json('POST', `/v1/operator/quarantine/${id}/resolve`, { token, body, headers });
}

const paths = () => `/v1/accounts/${team.accountId}/auto-top-up`;

/** A paid manual top-up, and a second payment for it: the second is set aside. Returns its id. */
async function paidTwice(): Promise<string> {
  const { body } = await payments.api.json('POST', `/v1/accounts/${team.accountId}/top-ups`, {
    token: team.tokens.member,
    body: { amount: '25.00' },
  });
  await payments.pay(body.checkoutUrl);
  const [charge] = await payments.sandbox.charges({ topUpId: body.id });
  expect(await settle(payments.clients, String(charge?.['paymentIntent']))).toMatchObject({
    kind: 'credited',
  });
  const { rows } = await payments.pool.query<{ customer_id: string }>(
    'select customer_id from top_ups where id = $1',
    [body.id],
  );
  return pay(rows[0]?.customer_id ?? '', { topUpId: body.id });
}

async function pay(customer: string, metadata: Record<string, string>): Promise<string> {
  const { stripe } = payments.sandbox;
  const method = await stripe.paymentMethods.attach('pm_card_visa', { customer });
  const intent = await stripe.paymentIntents.create({
    amount: 2500,
    currency: 'usd',
    customer,
    payment_method: method.id,
    confirm: true,
    off_session: true,
    allowed_payment_method_types: ['card'],
    metadata: { ...metadata, deployment: 'default' },
  });
  expect(await settle(payments.clients, intent.id)).toMatchObject({ kind: 'quarantined' });
  return intent.id;
}

async function broken(): Promise<string[]> {
  const report = await verify(payments.pool, { now: new Date() });
  return report.checks.flatMap(({ ok, guarantee, firstOffender }) =>
    ok || guarantee.includes('older') ? [] : `${guarantee}: ${firstOffender}`,
  );
}

test('a second payment of one top-up is listed with what it is, why and since when', async () => {
  const id = await paidTwice();
  const { status, body } = await list('?limit=500', reader);
  expect(status).toBe(200);
  expect(body.items.find((item: { id: string }) => item.id === id)).toMatchObject({
    reason: 'second-payment',
    amount: '25.00',
    asked: '25.00',
    accountId: team.accountId,
    payer: { id: team.member.personId, name: 'Max Member' },
    resolution: null,
  });
});

test('the list goes on where a page ended, and misses none', async () => {
  await paidTwice();
  await paidTwice();
  const all = (await list('?limit=500')).body.items.map(({ id }: { id: string }) => id);
  const seen: string[] = [];
  for (let cursor = ''; ; ) {
    const { body } = await list(`?limit=1${cursor}`);
    seen.push(...body.items.map(({ id }: { id: string }) => id));
    if (body.nextCursor === null) break;
    cursor = `&cursor=${body.nextCursor}`;
  }
  expect(seen).toEqual(all);
  expect((await list('?cursor=nonsense')).status).toBe(400);
});

test('a credited payment is credited once, however often and by whomever it is decided', async () => {
  const id = await paidTwice();
  const before = await payments.balance(team.accountId);
  const credited = { resolution: 'credited', reason: 'The member paid twice and keeps the credit.' };
  const key = randomUUID();
  const answers = await Promise.all([
    resolve(id, credited, key),
    resolve(id, credited, key),
    resolve(id, credited),
  ]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(await payments.balance(team.accountId)).toBe(before + 25);
  expect(answers[0]?.body).toMatchObject({ resolution: 'credited', resolvedBy: 'test' });
  expect((await resolve(id, { ...credited, resolution: 'kept-out' })).body.code).toBe('quarantine-resolved');
  expect((await resolve(id, { ...credited, reason: 'Something else' }, key)).body.code).toBe(
    'idempotency-key-reused',
  );
  expect(await settle(payments.clients, id)).toMatchObject({ kind: 'quarantined' });
  expect(await payments.balance(team.accountId)).toBe(before + 25);
  expect(await broken()).toEqual([]);
});

test('a payment that is kept out stays out, and leaves the open list', async () => {
  const id = await paidTwice();
  const before = await payments.balance(team.accountId);
  const { status } = await resolve(id, { resolution: 'kept-out', reason: 'Given back at the provider.' });
  expect(status).toBe(200);
  expect(await payments.balance(team.accountId)).toBe(before);
  const ids = async (state: string) =>
    (await list(`?limit=500&state=${state}`)).body.items.map((item: { id: string }) => item.id);
  expect(await ids('open')).not.toContain(id);
  expect(await ids('resolved')).toContain(id);
  expect(await broken()).toEqual([]);
});

test('a payment that is credited is not set aside, whatever became of it at Stripe since', async () => {
  const { body } = await payments.api.json('POST', `/v1/accounts/${team.accountId}/top-ups`, {
    token: team.tokens.member,
    body: { amount: '25.00' },
  });
  await payments.pay(body.checkoutUrl);
  const [charge] = await payments.sandbox.charges({ topUpId: body.id });
  const id = String(charge?.['paymentIntent']);
  expect(await settle(payments.clients, id)).toMatchObject({ kind: 'credited' });
  const { stripe } = payments.clients;
  const ofNobody = async (intentId: string) => ({
    ...(await stripe.retrievePaymentIntent(intentId)),
    customer: null,
  });
  const later = { ...payments.clients, stripe: { ...stripe, retrievePaymentIntent: ofNobody } };
  expect(await settle(later, id)).toMatchObject({ kind: 'again' });
  const known = { paymentIntentId: id, topUpId: body.id, reason: 'customer', amountCents: 2500 };
  expect(await quarantinePayment(payments.pool, { ...known, currency: 'usd', details: {} }, new Date())).toBe(
    false,
  );
  expect(await broken()).toEqual([]);
});

test('only operators who may move money decide, with a key, and about payments that are there', async () => {
  const id = await paidTwice();
  const body = { resolution: 'credited', reason: 'x' };
  expect((await resolve(id, body, randomUUID(), reader)).status).toBe(403);
  expect((await resolve(id, body, randomUUID(), team.tokens.owner)).status).toBe(403);
  expect((await list('', team.tokens.owner)).status).toBe(403);
  expect((await resolve('pi_unknown', body)).status).toBe(404);
  const { status } = await payments.api.json('POST', `/v1/operator/quarantine/${id}/resolve`, {
    token: operator,
    body,
  });
  expect(status).toBe(400);
});

test('a payment of no top-up is credited only to an account that is named', async () => {
  const customer = await payments.sandbox.stripe.customers.create({ email: 'nobody@example.com' });
  const id = await pay(customer.id, {});
  const credited = { resolution: 'credited', reason: 'Their own payment, metadata lost.' };
  expect((await resolve(id, credited)).body.code).toBe('payment-not-creditable');
  expect((await resolve(id, { ...credited, accountId: randomUUID() })).body.code).toBe('account-not-found');
  const { accountId } = team.member;
  expect((await resolve(id, { ...credited, accountId })).status).toBe(200);
  expect(await payments.balance(accountId)).toBe(25);
  expect((await resolve(id, { ...credited, accountId })).status).toBe(200);
  const elsewhere = await resolve(id, { ...credited, accountId: team.owner.accountId });
  expect(elsewhere.body.code).toBe('quarantine-resolved');
  expect(await payments.balance(team.owner.accountId)).toBe(0);
  expect(await broken()).toEqual([]);
});

test("a payment that Stripe does not have as it was found isn't credited", async () => {
  const id = await paidTwice();
  await payments.pool.query(
    'update quarantined_payments set amount_cents = 2600 where payment_intent_id = $1',
    [id],
  );
  const { body } = await resolve(id, { resolution: 'credited', reason: 'x' });
  expect(body.code).toBe('payment-not-creditable');
});

test('a rule whose payment was set aside is resumed by the decision, and by nobody before', async () => {
  const card = await payments.saveCard(team.tokens.owner);
  const rule = { threshold: '10.00', amount: '20.00', monthlyCap: '200.00', paymentMethodId: card };
  const put = () => payments.api.json('PUT', paths(), { token: team.tokens.owner, body: rule });
  const show = async () => (await payments.api.json('GET', paths(), { token: team.tokens.owner })).body;
  expect((await put()).status).toBe(200);
  await payments.pool.query(
    'select p.* from open_account($1) o, lateral post_pending($1, o.epoch, o.seq, 100, $2) p',
    [team.accountId, new Date()],
  );
  const [topUp] = await payments.topUps(team.accountId);
  await payments.pool.query(
    `insert into top_up_attempts (top_up_id, attempt, first_sent_at, last_sent_at, payment_intent_id) values ($1, 1, $3, $3, $2)`,
    [topUp?.id, `pi_${topUp?.id}`, new Date()],
  );
  await payments.pool.query(`select quarantine_payment($2, $1, 'amount', 2000, 'usd', '{}', $3)`, [
    topUp?.id,
    `pi_${topUp?.id}`,
    new Date(),
  ]);
  expect(await show()).toMatchObject({ state: 'paused', lastDecision: { reason: 'payment-quarantined' } });
  expect((await put()).body.code).toBe('payment-under-review');
  await payments.api.call('DELETE', paths(), { token: team.tokens.owner });
  expect((await put()).body.code).toBe('payment-under-review');
  expect((await resolve(`pi_${topUp?.id}`, { resolution: 'kept-out', reason: 'x' })).status).toBe(200);
  expect((await put()).status).toBe(200);
});

test('the decision itself lets the rule go on', async () => {
  const card = await payments.saveCard(team.tokens.owner);
  const rule = { threshold: '10.00', amount: '20.00', monthlyCap: '200.00', paymentMethodId: card };
  await payments.api.json('PUT', paths(), { token: team.tokens.owner, body: rule });
  await payments.pool.query(
    'select p.* from open_account($1) o, lateral post_pending($1, o.epoch, o.seq, 100, $2) p',
    [team.accountId, new Date()],
  );
  const [topUp] = await payments.topUps(team.accountId);
  const id = `pi_${topUp?.id}`;
  await payments.pool.query(
    `insert into top_up_attempts (top_up_id, attempt, first_sent_at, last_sent_at, payment_intent_id) values ($1, 1, $3, $3, $2)`,
    [topUp?.id, id, new Date()],
  );
  await payments.pool.query(`select quarantine_payment($2, $1, 'amount', 2000, 'usd', '{}', $3)`, [
    topUp?.id,
    id,
    new Date(),
  ]);
  expect((await resolve(id, { resolution: 'kept-out', reason: 'x' })).status).toBe(200);
  const { rows } = await payments.pool.query(
    'select state, suspension, next_evaluation_at is not null as due from auto_top_up_rules where account_id = $1',
    [team.accountId],
  );
  expect(rows).toEqual([{ state: 'enabled', suspension: null, due: true }]);
});
