// Auto top-up: one charge per episode, as much as the rule and its cap say, and what follows from each decline.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { recordHistories } from './support/histories.ts';
import { startTestPayments, type TestPayments, type TestTeam } from './support/payments.ts';
import { until } from './support/sandbox.ts';

const HOUR_MS = 3_600_000;

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
  await payments.adjust(team.accountId, 100);
  await payments.calm();
});
afterEach(async () => {
  await fetch(`${payments.sandbox.url}/_sandbox/faults`, { method: 'DELETE' });
  await fetch(`${payments.sandbox.url}/_sandbox/next_outcome`, { method: 'DELETE' });
  await fetch(`${payments.sandbox.url}/_sandbox/deliveries`, { method: 'DELETE' });
});

const path = () => `/v1/accounts/${team.accountId}/auto-top-up`;

function put(rule: object, token = team.tokens.owner, query = '') {
  return payments.api.json('PUT', path() + query, { token, body: rule });
}

async function enable(more: object = {}) {
  const answer = await put({
    threshold: '10.00',
    amount: '20.00',
    monthlyCap: '200.00',
    paymentMethodId: card,
    ...more,
  });
  expect(answer.status).toBe(200);
  await payments.calm();
  return answer.body;
}

async function spendTo(dollars: number) {
  await payments.adjust(team.accountId, dollars - (await payments.balance(team.accountId)));
  await payments.calm();
}

const charged = async () =>
  (await payments.succeeded(team.accountId)).map(({ amount }) => Number(amount) / 100);
const show = async (token = team.tokens.owner) => (await payments.api.json('GET', path(), { token })).body;

async function decisions() {
  const { rows } = await payments.pool.query<{ decision: string; reason: string }>(
    'select decision, reason from auto_top_up_evaluations where account_id = $1 order by id',
    [team.accountId],
  );
  return rows.map(({ decision, reason }) => `${decision}: ${reason}`);
}

function nextOutcome(outcome: object) {
  return payments.sandbox.control('next_outcome', { paymentMethod: card, ...outcome });
}

describe('how much', () => {
  test('falling below the threshold charges once and credits once', async () => {
    await enable();
    await spendTo(10);
    expect(await charged()).toEqual([]);
    await spendTo(9.99);
    expect(await charged()).toEqual([20]);
    expect(await payments.balance(team.accountId)).toBeCloseTo(29.99);
    expect(await payments.purchases(team.accountId)).toMatchObject([
      { amount: '20000000000', details: { mode: 'auto', payerId: team.owner.personId } },
    ]);
    const [topUp] = await payments.topUps(team.accountId);
    await recordHistories(payments.temporal.client, `top-up/${topUp?.id}`, 'top-up-auto');
    expect(await decisions()).toEqual([
      'none: above-threshold',
      'charge: below-threshold',
      'none: above-threshold',
    ]);
  });

  test('a fixed amount is charged as its smallest multiple that lifts the balance to the threshold', async () => {
    await enable();
    await spendTo(-35);
    expect(await charged()).toEqual([60]);
    expect(await payments.balance(team.accountId)).toBe(25);
  });

  test('a target is charged up to, in whole cents', async () => {
    await enable({ amount: undefined, targetBalance: '50.00' });
    await spendTo(7.123456);
    expect(await charged()).toEqual([42.88]);
  });

  test('the monthly cap leaves the largest multiple, then nothing until the next month', async () => {
    await enable({ monthlyCap: '50.00' });
    await spendTo(-35);
    expect(await charged()).toEqual([40]);
    await spendTo(-1);
    expect(await charged()).toEqual([40]);
    const rule = await show(team.tokens.member);
    expect(rule).toMatchObject({
      takenThisMonth: '40.00',
      lastDecision: { decision: 'skipped', reason: 'cap-reached' },
    });
    expect(rule.nextEvaluationAt).toMatch(/-01T00:00:00.000Z$/);
    const { rows } = await payments.pool.query(
      `select person_id from notices where account_id = $1 and kind = 'auto-top-up-cap-reached'`,
      [team.accountId],
    );
    expect(rows).toHaveLength(2);
  });

  test('still below the threshold after a charge is a new episode', async () => {
    await payments.sandbox.control('faults', {
      method: 'POST',
      path: '/v1/payment_intents',
      kind: 'delay',
      delayMs: 400,
    });
    await enable();
    await payments.adjust(team.accountId, -95);
    await until(async () => (await payments.topUps(team.accountId)).length === 1, 'the first episode');
    await payments.adjust(team.accountId, -30);
    await payments.calm();
    expect(await charged()).toEqual([20, 20]);
    expect(await payments.balance(team.accountId)).toBe(15);
  });

  test('enabling below the threshold says what it will charge, and then charges it', async () => {
    await spendTo(3);
    const rule = { threshold: '10.00', amount: '20.00', monthlyCap: '200.00', paymentMethodId: card };
    expect((await put(rule, team.tokens.owner, '?preview=true')).body.chargesNow).toBe('20.00');
    expect((await show()).status).toBe(404);
    expect((await put(rule)).body.chargesNow).toBe('20.00');
    await payments.calm();
    expect(await charged()).toEqual([20]);
  });

  test('a frozen account is not charged', async () => {
    await enable();
    await payments.pool.query(`update account_balances set state = 'frozen' where account_id = $1`, [
      team.accountId,
    ]);
    await spendTo(1);
    expect(await charged()).toEqual([]);
    expect((await decisions()).at(-1)).toBe('skipped: account-frozen');
  });
});

describe('once', () => {
  test.each([
    ['execute_then_drop', {}],
    ['drop_before', {}],
    ['500_unstored', {}],
    ['429', {}],
    ['lock_timeout', {}],
    ['409', {}],
  ])('a charge that met %s is made once', async (kind, more) => {
    await enable();
    await payments.sandbox.control('faults', { method: 'POST', path: '/v1/payment_intents', kind, ...more });
    await spendTo(5);
    expect(await charged()).toEqual([20]);
    expect(await payments.purchases(team.accountId)).toHaveLength(1);
  });

  test('a reply that was lost with a failure stored is looked up and credited once', async () => {
    await enable();
    await payments.sandbox.control('faults', {
      method: 'POST',
      path: '/v1/payment_intents',
      kind: '500_stored',
      keepsEffects: true,
    });
    await payments.sandbox.control('deliveries', { kind: 'drop', times: null });
    await payments.adjust(team.accountId, -95);
    await until(async () => (await payments.purchases(team.accountId)).length === 1, 'the credit');
    expect(await charged()).toEqual([20]);
  });

  test('events that come twice, out of order and before the reply credit once', async () => {
    await enable();
    await payments.sandbox.control('deliveries', { kind: 'shuffle', delayMs: 300 });
    await payments.sandbox.control('deliveries', { kind: 'duplicate', times: 10 });
    await payments.sandbox.control('deliveries', { kind: 'send_before_response', times: 10 });
    await spendTo(5);
    await payments.calm();
    expect(await charged()).toEqual([20]);
    expect(await payments.purchases(team.accountId)).toHaveLength(1);
  });

  test('rings that come all at once charge once', async () => {
    await enable();
    await payments.adjust(team.accountId, -95);
    await Promise.all(Array.from({ length: 30 }, () => payments.ring(team.accountId)));
    await payments.calm();
    expect(await charged()).toEqual([20]);
  });

  test('a balance that recovers before the charge is sent is not charged', async () => {
    await enable();
    await nextOutcome({ declineCode: 'insufficient_funds' });
    await spendTo(5);
    await payments.adjust(team.accountId, 50);
    const [topUp] = await payments.topUps(team.accountId);
    await payments.temporal.client.workflow.getHandle(`top-up/${topUp?.id}`).terminate('wakes up later');
    await payments.advance(HOUR_MS + 60_000);
    await until(async () => (await payments.topUps(team.accountId))[0]?.state === 'not-completed', 'its end');
    expect((await payments.topUps(team.accountId))[0]?.reason).toBe('recovered');
    expect(await charged()).toEqual([]);
  });
});

describe('declines', () => {
  test('a soft decline is tried again after an hour, and after a day, and then the rule is paused', async () => {
    await enable();
    for (let i = 0; i < 3; i += 1) await nextOutcome({ declineCode: 'insufficient_funds' });
    await spendTo(5);
    const [topUp] = await payments.topUps(team.accountId);
    expect(topUp?.state).toBe('open');
    for (const [hours, requests] of [
      [1, 2],
      [24, 3],
    ] as const) {
      await payments.temporal.client.workflow.getHandle(`top-up/${topUp?.id}`).terminate('wakes up later');
      await payments.advance(hours * HOUR_MS + 120_000);
      await until(async () => (await attempts(topUp?.id)) === requests, `attempt ${requests}`);
    }
    await until(async () => (await show()).state === 'paused', 'the pause');
    await recordHistories(payments.temporal.client, `top-up/${topUp?.id}`, 'top-up-declined');
    expect(await charged()).toEqual([]);
    expect((await payments.topUps(team.accountId)).map(({ state }) => state)).toEqual(['not-completed']);
  });

  test.each([
    ['lost_card', 'hard', 409],
    ['expired_card', 'card-data', 409],
    ['authentication_required', 'authentication', 200],
  ])(
    'a card declined as %s pauses the rule at once and tells nobody why',
    async (declineCode, suspension, again) => {
      await enable();
      await nextOutcome({ declineCode });
      await spendTo(5);
      expect(await show()).toMatchObject({ state: 'paused', lastDecision: { reason: suspension } });
      expect(await show(team.tokens.member)).toMatchObject({
        state: 'paused',
        paymentMethodId: null,
        lastDecision: { decision: 'paused', reason: 'paused' },
      });
      await payments.ring(team.accountId);
      await payments.calm();
      expect(await payments.topUps(team.accountId)).toHaveLength(1);
      const { rows } = await payments.pool.query<{ details: object }>(
        `select details from notices where account_id = $1 and kind in ('auto-top-up-suspended', 'auto-top-up-recovery')`,
        [team.accountId],
      );
      expect(rows).toHaveLength(2);
      const rule = { threshold: '10.00', amount: '20.00', monthlyCap: '200.00', paymentMethodId: card };
      expect((await put(rule)).status).toBe(again);
      await payments.pool.query('delete from card_suspensions');
    },
  );

  test('a payment that the bank takes its time over is credited when it succeeds, and not sent again', async () => {
    await enable();
    await nextOutcome({ outcome: 'processing', afterSeconds: 1 });
    await payments.adjust(team.accountId, -95);
    await until(async () => (await payments.topUps(team.accountId))[0]?.state === 'processing', 'processing');
    await until(async () => (await payments.topUps(team.accountId))[0]?.state === 'paid', 'the credit');
    await payments.calm();
    expect(await charged()).toEqual([20]);
  });
});

describe('who', () => {
  const rule = (more: object = {}) => ({
    threshold: '10.00',
    amount: '20.00',
    monthlyCap: '200.00',
    paymentMethodId: card,
    ...more,
  });

  test('members read the rule without its card; only owners and admins set it, with a card of their own', async () => {
    expect((await put(rule(), team.tokens.member)).status).toBe(403);
    expect((await put(rule(), team.tokens.outsider)).status).toBe(404);
    expect((await put(rule(), team.tokens.admin)).body.code).toBe('payment-method-unknown');
    await enable();
    expect((await show(team.tokens.member)).paymentMethodId).toBeNull();
    expect((await show()).paymentMethodId).toBe(card);
  });

  test('an admin who is not the sponsor may lower the rule, but not raise it', async () => {
    await enable();
    const lower = rule({ threshold: '5.00', paymentMethodId: undefined });
    expect((await put(lower, team.tokens.admin)).status).toBe(200);
    for (const raised of [{ threshold: '11.00' }, { amount: '21.00' }, { monthlyCap: '201.00' }]) {
      expect((await put({ ...lower, ...raised }, team.tokens.admin)).status).toBe(403);
    }
    expect((await show()).sponsor.id).toBe(team.owner.personId);
    expect((await payments.api.call('DELETE', path(), { token: team.tokens.admin })).status).toBe(204);
    expect((await show()).status).toBe(404);
  });

  test('a sponsor who is demoted takes the card along in the same transaction', async () => {
    card = await payments.saveCard(team.tokens.admin);
    expect((await put(rule(), team.tokens.admin)).status).toBe(200);
    await payments.calm();
    await payments.pool.query(`update auth.members set role = 'member' where person_id = $1`, [
      team.admin.personId,
    ]);
    expect((await show()).state).toBe('paused');
    await spendTo(1);
    expect(await charged()).toEqual([]);
  });

  test('a card that is removed pauses its rules', async () => {
    await enable();
    await payments.sandbox.stripe.paymentMethods.detach(card);
    await until(async () => (await show()).state === 'paused', 'the pause');
    await spendTo(1);
    expect(await charged()).toEqual([]);
  });

  test.each([
    [{ amount: '20.00', targetBalance: '50.00' }, 'auto-top-up-invalid'],
    [{ amount: undefined }, 'auto-top-up-invalid'],
    [{ monthlyCap: '19.99' }, 'auto-top-up-invalid'],
    [{ amount: undefined, targetBalance: '12.00' }, 'auto-top-up-invalid'],
    [{ threshold: '-1' }, 'amount-out-of-range'],
    [{ amount: '1e1' }, 'amount-malformed'],
    [{ amount: '2000.01', monthlyCap: '5000.00' }, 'amount-out-of-range'],
  ])('a rule with %j is refused as %s', async (more, code) => {
    const { status, body } = await put(rule(more));
    expect([status, body.code]).toEqual([400, code]);
  });
});

async function attempts(topUpId: string | undefined): Promise<number> {
  const { rows } = await payments.pool.query(
    'select 1 from top_up_attempts where top_up_id = $1 and ended_at is not null',
    [topUpId],
  );
  return rows.length;
}
