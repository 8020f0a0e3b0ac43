// Recovery: a charge that the bank wants confirmed is paid by its sponsor alone, once, and the rule goes on.
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { noticeText } from '../activities/mail/notice-text.ts';
import { settle } from '../activities/payments/settle.ts';
import { takeNotices } from '../ledger/notices.ts';
import { closeTopUp } from '../ledger/payments/top-ups.ts';
import { verify } from '../ledger/verify/verify.ts';
import { startTestPayments, type TestPayments, type TestTeam } from './support/payments.ts';
import { until } from './support/sandbox.ts';

let payments: TestPayments;
let team: TestTeam;
let card: string;
let topUpId: string;

beforeAll(async () => {
  payments = await startTestPayments();
});
afterAll(() => payments?.stop());

/** A rule whose first charge the bank refused without its owner. */
beforeEach(async () => {
  team = await payments.team();
  card = await payments.saveCard(team.tokens.owner);
  await payments.adjust(team.accountId, 5);
  await payments.calm();
  await payments.sandbox.control('next_outcome', {
    paymentMethod: card,
    declineCode: 'authentication_required',
  });
  await put();
  await payments.calm();
  const [topUp] = await payments.topUps(team.accountId);
  expect(topUp).toMatchObject({ state: 'not-completed', reason: 'authentication' });
  topUpId = topUp?.id ?? '';
});

const rulePath = () => `/v1/accounts/${team.accountId}/auto-top-up`;

async function put() {
  const body = { threshold: '10.00', amount: '20.00', monthlyCap: '200.00', paymentMethodId: card };
  expect((await payments.api.json('PUT', rulePath(), { token: team.tokens.owner, body })).status).toBe(200);
}

const rule = async () => (await payments.api.json('GET', rulePath(), { token: team.tokens.owner })).body;
const recover = (token: string, id = topUpId) =>
  payments.api.json('POST', `/v1/me/top-ups/${id}/recovery`, { token });
const page = (method: string, token?: string, id = topUpId) =>
  payments.api.call(method, `/billing/recover/${id}`, { token });

async function refusedIntent(): Promise<string> {
  const { rows } = await payments.pool.query<{ id: string }>(
    'select payment_intent_id as id from top_up_attempts where top_up_id = $1',
    [topUpId],
  );
  return rows[0]?.id ?? '';
}

test('its sponsor pays the same amount on a page, and the rule goes on', async () => {
  expect(await rule()).toMatchObject({ state: 'paused', lastDecision: { reason: 'authentication' } });
  const { status, body } = await recover(team.tokens.owner);
  expect([status, body.amount, body.mode]).toEqual([201, '20.00', 'manual']);
  const intent = await payments.sandbox.stripe.paymentIntents.retrieve(await refusedIntent());
  expect(intent.status).toBe('canceled');
  await payments.pay(body.checkoutUrl);
  await until(async () => (await rule()).state === 'enabled', 'the rule to go on');
  await payments.calm();
  expect(await payments.balance(team.accountId)).toBe(25);
  expect(await payments.purchases(team.accountId)).toHaveLength(1);
  expect((await recover(team.tokens.owner)).status).toBe(404);
});

test('asked for often, also at once, there is one page to pay on', async () => {
  const answers = await Promise.all(Array.from({ length: 8 }, () => recover(team.tokens.owner)));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
  expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
  expect(new Set(answers.map(({ body }) => body.checkoutUrl)).size).toBe(1);
});

test('a page that was left to expire makes room for another', async () => {
  const first = await recover(team.tokens.owner);
  await payments.advance(3 * 3_600_000);
  const second = await recover(team.tokens.owner);
  expect(second.status).toBe(201);
  expect(second.body.id).not.toBe(first.body.id);
});

test('nobody else learns of it, whatever their role', async () => {
  for (const token of [team.tokens.admin, team.tokens.member, team.tokens.outsider]) {
    expect((await recover(token)).status).toBe(404);
    for (const method of ['GET', 'POST']) {
      const answer = await page(method, token);
      expect(answer.status).toBe(404);
      expect(await answer.text()).toBe(await (await page(method, token, team.accountId)).text());
    }
  }
  const stranger = await page('GET');
  expect(stranger.status).toBe(401);
  expect(await stranger.text()).not.toContain('20.00');
  expect((await recover(team.tokens.owner, 'nonsense')).status).toBe(404);
});

test('the page says what is to be paid, changes nothing by itself, and leads to the payment', async () => {
  const answer = await page('GET', team.tokens.owner);
  // else a browser sends the form with the origin null, which is refused
  expect(answer.headers.get('referrer-policy')).toBe('same-origin');
  const shown = await answer.text();
  expect(shown).toContain('Pay $20.00');
  expect(shown).toContain('for Acme');
  expect(await payments.topUps(team.accountId)).toHaveLength(1);
  const led = await (await page('POST', team.tokens.owner)).text();
  const url = /content="0;url=([^"]+)"/.exec(led)?.[1] ?? '';
  await payments.pay(url);
  await until(async () => (await rule()).state === 'enabled', 'the rule to go on');
  expect(await (await page('GET', team.tokens.owner)).text()).toContain('Nothing left to pay');
});

test('once the rule was set anew there is nothing left to pay', async () => {
  await put();
  expect((await recover(team.tokens.owner)).status).toBe(404);
  expect(await (await page('POST', team.tokens.owner)).text()).toContain('Nothing left to pay');
});

test('only its sponsor is mailed the way to pay, the other admins that it is paused', async () => {
  const notices = (await takeNotices(payments.pool, new Date(Date.now() + 86_400_000), 500)).filter(
    ({ person }) => [team.owner.email, team.admin.email, team.member.email].includes(person.email),
  );
  const texts = new Map(
    notices.map((notice) => [notice.person.email, noticeText(notice, 'http://localhost:8080').text]),
  );
  expect([...texts.keys()].sort()).toEqual([team.admin.email, team.owner.email].sort());
  expect(texts.get(team.owner.email)).toContain(`http://localhost:8080/billing/recover/${topUpId}`);
  expect(texts.get(team.owner.email)).toContain('$20.00');
  expect(texts.get(team.admin.email)).toContain('is paused');
  expect(texts.get(team.admin.email)).not.toMatch(/20\.00|recover|bank/);
});

test('a refused payment that succeeded after all is settled instead of paid a second time', async () => {
  const id = await refusedIntent();
  const { stripe } = payments.sandbox;
  await stripe.paymentIntents.confirm(id, { payment_method: card, off_session: true });
  expect((await recover(team.tokens.owner)).status).toBe(404);
  expect(await settle(payments.clients, id)).toMatchObject({ kind: 'again' });
  await payments.calm();
  expect((await rule()).state).toBe('enabled');
  expect(await payments.purchases(team.accountId)).toHaveLength(1);
});

test('a page that can still be paid is not joined by a second one, whatever our clock says', async () => {
  const first = await recover(team.tokens.owner);
  await payments.pool.query(`update top_ups set expires_at = created_at where id = $1`, [first.body.id]);
  expect((await recover(team.tokens.owner)).body.id).toBe(first.body.id);
});

test('a page that was ended here and is paid all the same is credited, also beside the page opened since', async () => {
  const first = await recover(team.tokens.owner);
  await closeTopUp(payments.pool, first.body.id, 'cancelled', payments.clients.clock());
  const second = await recover(team.tokens.owner);
  expect(second.body.id).not.toBe(first.body.id);
  await payments.pay(first.body.checkoutUrl);
  await until(async () => (await payments.purchases(team.accountId)).length === 1, 'the first credit');
  expect((await recover(team.tokens.owner)).status).toBe(404);
  await payments.pay(second.body.checkoutUrl);
  await until(async () => (await payments.purchases(team.accountId)).length === 2, 'the second credit');
  await payments.calm();
  expect(await payments.balance(team.accountId)).toBe(45);
  const { checks } = await verify(payments.pool, { now: payments.clients.clock() });
  expect(checks.flatMap(({ firstOffender = [] }) => firstOffender)).toEqual([]);
});

test('who is no owner or admin any more is asked for nothing', async () => {
  await payments.pool.query(`update auth.members set role = 'owner' where person_id = $1`, [
    team.admin.personId,
  ]);
  await payments.pool.query(`update auth.members set role = 'member' where person_id = $1`, [
    team.owner.personId,
  ]);
  expect((await recover(team.tokens.owner)).status).toBe(404);
  expect(await (await page('GET', team.tokens.owner)).text()).toContain('Nothing left to pay');
});
