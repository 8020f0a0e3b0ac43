// Saved cards: their owner alone removes them, at Stripe too, and a rule that used one pauses with it.
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { startTestPayments, type TestPayments, type TestTeam } from './support/payments.ts';
import { until } from './support/sandbox.ts';

let payments: TestPayments;
let team: TestTeam;
let card: string;

beforeAll(async () => {
  payments = await startTestPayments();
});
afterAll(() => payments?.stop());
beforeEach(async () => {
  team = await payments.team();
  card = await payments.saveCard(team.tokens.owner);
});

const remove = (id: string, token = team.tokens.owner) =>
  payments.api.call('DELETE', `/v1/me/payment-methods/${id}`, { token });
const cards = async () =>
  (await payments.api.json('GET', '/v1/me/payment-methods', { token: team.tokens.owner })).body.items;
const atStripe = async () => (await payments.sandbox.stripe.paymentMethods.retrieve(card)).customer;

test('a removed card is gone here and at Stripe, and removing it again is no error', async () => {
  expect(await atStripe()).not.toBeNull();
  expect((await remove(card)).status).toBe(204);
  expect(await cards()).toEqual([]);
  expect(await atStripe()).toBeNull();
  expect((await remove(card)).status).toBe(204);
});

test('removed twice at once, it is removed', async () => {
  const answers = await Promise.all([remove(card), remove(card), remove(card)]);
  expect(answers.map(({ status }) => status)).toEqual([204, 204, 204]);
  expect(await cards()).toEqual([]);
});

test('a removal that ended between Stripe and our row is made up for by the event', async () => {
  await payments.sandbox.stripe.paymentMethods.detach(card);
  await until(async () => (await cards()).length === 0, 'the event');
});

test('the rule that used it pauses at once, and the audit says who removed it', async () => {
  await payments.adjust(team.accountId, 100);
  const path = `/v1/accounts/${team.accountId}/auto-top-up`;
  const body = { threshold: '10.00', amount: '20.00', monthlyCap: '200.00', paymentMethodId: card };
  expect((await payments.api.json('PUT', path, { token: team.tokens.owner, body })).status).toBe(200);
  // Stripe tells of it too, and whoever is first to hear pauses the rule: here that is who removed it
  await payments.sandbox.control('deliveries', { kind: 'hold' });
  expect((await remove(card)).status).toBe(204);
  const rule = await payments.api.json('GET', path, { token: team.tokens.owner });
  expect(rule.body).toMatchObject({ state: 'paused', lastDecision: { reason: 'card-removed' } });
  const audit = await payments.api.json('GET', `/v1/accounts/${team.accountId}/audit`, {
    token: team.tokens.owner,
  });
  expect(audit.body.items[0].actor).toMatchObject({ id: team.owner.personId });
  expect(JSON.stringify(audit.body)).not.toContain(card);
  await payments.sandbox.control('deliveries', { kind: 'release' });
  await payments.adjust(team.accountId, -95);
  await payments.calm();
  expect(await payments.topUps(team.accountId)).toEqual([]);
});

test('somebody else’s card answers like one that does not exist, and stays', async () => {
  for (const token of [team.tokens.admin, team.tokens.outsider]) {
    const foreign = await remove(card, token);
    const nowhere = await remove('pm_made_up', token);
    expect([foreign.status, nowhere.status]).toEqual([404, 404]);
  }
  expect(await cards()).toHaveLength(1);
  expect(await atStripe()).not.toBeNull();
});

test('one that Stripe had detached already, without our hearing of it, is removed', async () => {
  await payments.sandbox.control('deliveries', { kind: 'hold' });
  await payments.sandbox.stripe.paymentMethods.detach(card);
  expect((await remove(card)).status).toBe(204);
  expect(await cards()).toEqual([]);
  await payments.sandbox.control('deliveries', { kind: 'release' });
});

test('while Stripe is away nothing is removed, and one is told so', async () => {
  const fault = {
    method: 'POST',
    path: `/v1/payment_methods/${card}/detach`,
    kind: '500_unstored',
    times: null,
  };
  await payments.sandbox.control('faults', fault);
  const answer = await remove(card);
  expect(answer.status).toBe(503);
  expect(await cards()).toHaveLength(1);
  await fetch(`${payments.sandbox.url}/_sandbox/faults`, { method: 'DELETE' });
  expect((await remove(card)).status).toBe(204);
});
