// Manual top-ups come to an end: also when the bank says no days later, and when Stripe does not know the page.
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { saveCard } from '../activities/payments/cards.ts';
import { followCheckout } from '../activities/payments/checkout.ts';
import type { PaymentClients } from '../activities/payments/clients.ts';
import { settleCheckout } from '../activities/payments/settle.ts';
import { pagesOfClosed } from '../worker/payment-tasks.ts';
import { startTestPayments, type TestPayments, type TestTeam } from './support/payments.ts';
import { submitPage } from './support/sandbox.ts';

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

test('a top-up whose payment is set aside is over at once', async () => {
  const { id, checkoutUrl } = await opened();
  await payments.pay(checkoutUrl);
  await payments.pool.query('update top_ups set amount = amount + 10000000 where id = $1', [id]);
  const { rows } = await payments.pool.query<{ session: string }>(
    'select checkout_session_id as session from top_ups where id = $1',
    [id],
  );
  expect(await settleCheckout(clients, rows[0]?.session ?? '')).toEqual({
    kind: 'quarantined',
    reason: 'amount',
  });
  expect(await row(id)).toEqual({ state: 'not-completed', reason: 'quarantined' });
});

test('closing an organization ends the pages on which its members would pay, and what was paid before is settled', async () => {
  const { accountId, organizationId, tokens } = await payments.team();
  const open = async () => {
    const path = `/v1/accounts/${accountId}/top-ups`;
    return (await payments.api.json('POST', path, { token: tokens.member, body: { amount: '25.00' } })).body;
  };
  const [left, paid] = [await open(), await open()];
  await payments.pay(paid.checkoutUrl);
  const { rows } = await payments.pool.query<{ slug: string }>(
    'select slug from auth.organizations where id = $1',
    [organizationId],
  );
  const body = { confirm: rows[0]?.slug };
  const closing = `/v1/organizations/${organizationId}/close`;
  expect((await payments.api.json('POST', closing, { token: tokens.owner, body })).status).toBe(200);
  const task = pagesOfClosed(clients);
  const soon = new Date(clients.clock().getTime() + 1_000);
  expect(await task.run(soon, 10)).toBe(2);
  expect((await submitPage(left.checkoutUrl, { testCard: 'pm_card_visa' })).status).toBe(410);
  expect(await payments.topUps(accountId)).toMatchObject([
    { id: left.id, state: 'not-completed', reason: 'expired' },
    { id: paid.id, state: 'not-completed', reason: 'quarantined' },
  ]);
  expect(await task.run(new Date(soon.getTime() + 3_600_000), 10)).toBe(0);
});
