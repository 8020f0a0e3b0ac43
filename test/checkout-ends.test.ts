// Manual top-ups come to an end: also when the bank says no days later, and when Stripe does not know the page.
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { saveCard } from '../activities/payments/cards.ts';
import { followCheckout } from '../activities/payments/checkout.ts';
import type { PaymentClients } from '../activities/payments/clients.ts';
import { startTestPayments, type TestPayments, type TestTeam } from './support/payments.ts';

let payments: TestPayments;
let team: TestTeam;
let clients: PaymentClients;
const alerts: string[] = [];

beforeAll(async () => {
  payments = await startTestPayments({ worker: false });
  team = await payments.team();
  clients = { ...payments.clients, alert: (_fields, message) => alerts.push(message) };
});
afterAll(() => payments?.stop());
beforeEach(() => {
  alerts.length = 0;
});

async function opened(): Promise<{ id: string; checkoutUrl: string }> {
  const { status, body } = await payments.api.json('POST', `/v1/accounts/${team.accountId}/top-ups`, {
    token: team.tokens.member,
    body: { amount: '25.00' },
  });
  expect(status).toBe(201);
  return body;
}

async function row(id: string) {
  const found = (await payments.topUps(team.accountId)).find((topUp) => topUp.id === id);
  return { state: found?.state, reason: found?.reason };
}

test.each([
  ['insufficient_funds', { state: 'not-completed', reason: 'payment-failed' }, 0],
  [undefined, { state: 'paid', reason: null }, 1],
])('a payment that the bank decides about later, with %s, ends as it says', async (endsIn, end, credits) => {
  await payments.sandbox.control('next_outcome', { outcome: 'processing', endsIn, afterSeconds: 3_600 });
  const { id, checkoutUrl } = await opened();
  await payments.pay(checkoutUrl);
  expect(await followCheckout(clients, id)).toMatchObject({ kind: 'later' });
  expect(await row(id)).toEqual({ state: 'processing', reason: null });
  await payments.advance(3_601_000);
  expect(await followCheckout(clients, id)).toEqual({ kind: 'over', state: end.state });
  expect(await row(id)).toEqual(end);
  const purchases = await payments.purchases(team.accountId);
  expect(purchases.filter(({ details }) => details['topUpId'] === id)).toHaveLength(credits);
});

test('a top-up whose page Stripe does not know ends, and operators are told', async () => {
  const { id } = await opened();
  await payments.pool.query(`update top_ups set checkout_session_id = 'cs_test_unknown' where id = $1`, [id]);
  expect(await followCheckout(clients, id)).toEqual({ kind: 'over', state: 'not-completed' });
  expect(await row(id)).toEqual({ state: 'not-completed', reason: 'session-unknown' });
  expect(alerts).toEqual(['Stripe does not know the page of a top-up']);
});

test('a card setup whose page Stripe does not know ends, and operators are told', async () => {
  const { body } = await payments.api.json('POST', '/v1/me/payment-methods', { token: team.tokens.member });
  await payments.pool.query(`update card_setups set session_id = 'cs_test_lost' where id = $1`, [body.id]);
  expect(await saveCard(clients, 'cs_test_lost')).toBe('not-completed');
  const { rows } = await payments.pool.query('select state, next_check_at from card_setups where id = $1', [
    body.id,
  ]);
  expect(rows).toEqual([{ state: 'not-completed', next_check_at: null }]);
  expect(alerts).toEqual(['Stripe does not know the page of a card setup']);
});
