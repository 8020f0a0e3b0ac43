// Auto top-up, begun again: what an earlier rule, a card that went, or an early event left behind never stops the next charge.
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { SYSTEM, withActing } from '../ledger/acting.ts';
import { startTestPayments, type TestPayments, type TestTeam } from './support/payments.ts';

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
  await payments.adjust(team.accountId, 5);
  await payments.calm();
});

const path = () => `/v1/accounts/${team.accountId}/auto-top-up`;

async function put(paymentMethodId: string) {
  const body = { threshold: '10.00', amount: '20.00', monthlyCap: '200.00', paymentMethodId };
  const { status } = await payments.api.json('PUT', path(), { token: team.tokens.owner, body });
  expect(status).toBe(200);
  await payments.calm();
}

/** A rule whose first charge was declined softly: its top-up stays open for the next attempt. */
async function declineOnce(): Promise<string> {
  await payments.sandbox.control('next_outcome', {
    paymentMethod: card,
    declineCode: 'insufficient_funds',
  });
  await put(card);
  const [topUp] = await payments.topUps(team.accountId);
  expect(topUp?.state).toBe('open');
  return topUp?.id ?? '';
}

async function suspension(): Promise<string | null | undefined> {
  const { rows } = await payments.pool.query<{ suspension: string | null }>(
    'select suspension from auto_top_up_rules where account_id = $1',
    [team.accountId],
  );
  return rows[0]?.suspension;
}

test('a rule set again after it was removed charges at once, although nothing was posted since', async () => {
  await declineOnce();
  const removed = await payments.api.call('DELETE', path(), { token: team.tokens.owner });
  expect(removed.status).toBe(204);
  await payments.calm();
  await put(await payments.saveCard(team.tokens.owner, 'pm_card_mastercard'));
  const states = (await payments.topUps(team.accountId)).map(({ state }) => state);
  expect(states).toEqual(['not-completed', 'paid']);
  expect(await payments.balance(team.accountId)).toBeCloseTo(25);
});

test('a card that went while its rule was being set pauses the rule at the first attempt', async () => {
  await payments.adjust(team.accountId, 15);
  await payments.calm();
  await put(card);
  await payments.pool.query('update payment_methods set detached_at = $2 where id = $1', [card, new Date()]);
  await payments.pool.query(
    `update auto_top_up_rules set state = 'enabled', suspension = null where account_id = $1`,
    [team.accountId],
  );
  await payments.adjust(team.accountId, -15);
  await payments.calm();
  expect(await suspension()).toBe('card-removed');
  expect(await payments.topUps(team.accountId)).toHaveLength(1);
});

test('a payment quarantined before its attempt knew of it ends the attempt the second time', async () => {
  const topUpId = await declineOnce();
  await payments.pool.query('insert into top_up_attempts values ($1, 2, $2, $2)', [topUpId, new Date()]);
  const quarantine = async () => {
    const { rows } = await payments.pool.query<{ is_new: boolean }>(
      `select quarantine_payment($2, $1, 'amount', 1, 'usd', '{}', $3) as is_new`,
      [topUpId, `pi_${topUpId}`, new Date()],
    );
    return rows[0]?.is_new;
  };
  expect(await quarantine()).toBe(true);
  await payments.pool.query(
    'update top_up_attempts set payment_intent_id = $2 where top_up_id = $1 and attempt = 2',
    [topUpId, `pi_${topUpId}`],
  );
  expect(await quarantine()).toBe(false);
  const [topUp] = await payments.topUps(team.accountId);
  expect(topUp).toMatchObject({ state: 'not-completed', reason: 'quarantined' });
  expect(await suspension()).toBe('payment-quarantined');
  await payments.ring(team.accountId);
  await payments.calm();
});

test('that a card was declined lately is told to its sponsor alone', async () => {
  await declineOnce();
  await payments.api.call('DELETE', path(), { token: team.tokens.owner });
  await put(card);
  const reasonFor = async (token: string) =>
    (await payments.api.json('GET', path(), { token })).body.lastDecision.reason;
  expect(await reasonFor(team.tokens.owner)).toBe('declined-lately');
  expect(await reasonFor(team.tokens.member)).toBe('paused');
  expect(await reasonFor(team.tokens.admin)).toBe('paused');
});

test('a sponsor who is removed takes the card along at the time of whoever removes them', async () => {
  card = await payments.saveCard(team.tokens.admin);
  const body = { threshold: '1.00', amount: '20.00', monthlyCap: '200.00', paymentMethodId: card };
  await payments.api.json('PUT', path(), { token: team.tokens.admin, body });
  const at = new Date('2031-02-03T04:05:06.000Z');
  await withActing(payments.pool, SYSTEM, at, async (connection) => {
    await connection.query('delete from auth.members where person_id = $1', [team.admin.personId]);
  });
  const { rows } = await payments.pool.query(
    `select r.suspension, r.updated_at, r.next_evaluation_at, n.created_at as told_at
     from auto_top_up_rules r join notices n on n.account_id = r.account_id and n.kind = 'auto-top-up-suspended'
     where r.account_id = $1`,
    [team.accountId],
  );
  expect(rows).toEqual([{ suspension: 'sponsor-left', updated_at: at, next_evaluation_at: at, told_at: at }]);
  await payments.pool.query('delete from auto_top_up_rules where account_id = $1', [team.accountId]);
});
