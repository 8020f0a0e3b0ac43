// What stops a charge whatever the rule says: too many of late, a card that another account found dead, an episode that has had its own.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { refreshPaymentMethod } from '../ledger/payments/payment-methods.ts';
import { takeDueEvaluations } from '../ledger/sweeping.ts';
import { type Refilling, type RefillingAccount, startRefilling } from './support/refilling.ts';

let refilling: Refilling;
let account: RefillingAccount;

beforeAll(async () => {
  refilling = await startRefilling();
});
afterAll(() => refilling?.close());
beforeEach(async () => {
  account = await refilling.account();
});

const limit = (most: number) =>
  refilling.database.pool.query('update deployment set attempts_most = $1', [most]);

async function fallAgain(): Promise<string | undefined> {
  await account.adjust(-20);
  return account.post();
}

/** Charges the account twice, as often as it may within ten minutes. */
async function chargeTwice() {
  for (const fall of [account.post, fallAgain]) {
    expect(await account.charge((await fall()) ?? '')).toBe('credited');
    await account.post();
  }
  expect(await account.attempts()).toBe(2);
}

test('a third charge within ten minutes waits until the first is ten minutes old, and then goes on by itself', async () => {
  const began = refilling.now().getTime();
  const first = await account.post();
  expect(await account.charge(first ?? '')).toBe('credited');
  await account.post();
  await refilling.advance(4);
  expect(await account.charge((await fallAgain()) ?? '')).toBe('credited');
  await account.post();
  expect(await fallAgain()).toBeUndefined();
  expect(await account.rule()).toEqual({
    state: 'enabled',
    suspension: null,
    decision: 'skipped',
    reason: 'attempts-limit',
    next_evaluation_at: new Date(began + 10 * 60_000),
  });
  const due = async () =>
    (await takeDueEvaluations(refilling.database.pool, refilling.now(), 100)).map((each) => each.accountId);
  await refilling.advance(5);
  expect(await due()).not.toContain(account.accountId);
  await refilling.advance(1);
  expect(await due()).toContain(account.accountId);
  expect(await account.charge((await account.post()) ?? '')).toBe('credited');
});

test('setting the rule again does not lift the limit', async () => {
  await chargeTwice();
  await account.adjust(-20);
  await account.setRule();
  expect(await account.post()).toBeUndefined();
  expect((await account.rule()).reason).toBe('attempts-limit');
});

test('the limit holds where the attempt begins, whatever was decided before', async () => {
  await chargeTwice();
  await limit(3);
  const third = await fallAgain();
  await limit(2);
  expect(await account.charge(third ?? '')).toBe('later');
  expect(await account.attempts()).toBe(2);
  await refilling.advance(10);
  expect(await account.charge(third ?? '')).toBe('credited');
});

test('a card found dead on one account is not charged on another, whose rule is paused and its sponsor told', async () => {
  const fingerprint = randomUUID();
  const [one, other] = [await refilling.account(fingerprint), await refilling.account(fingerprint)];
  const opened = await one.post();
  await refilling.sandbox.control('next_outcome', { paymentMethod: one.card, declineCode: 'lost_card' });
  expect(await one.charge(opened ?? '')).toBe('over');
  expect(await other.post()).toBeUndefined();
  expect(await other.rule()).toMatchObject({ state: 'suspended', suspension: 'hard', decision: 'suspended' });
  const { rows } = await refilling.database.pool.query('select kind from notices where account_id = $1', [
    other.accountId,
  ]);
  expect(rows).toEqual([{ kind: 'auto-top-up-suspended' }]);
  expect(await other.attempts()).toBe(0);
});

test('a charge that was decided before the card was found dead is not sent after', async () => {
  const fingerprint = randomUUID();
  const [one, other] = [await refilling.account(fingerprint), await refilling.account(fingerprint)];
  const [first, second] = [await one.post(), await other.post()];
  await refilling.sandbox.control('next_outcome', { paymentMethod: one.card, declineCode: 'stolen_card' });
  expect(await one.charge(first ?? '')).toBe('over');
  expect(await other.charge(second ?? '')).toBe('over');
  expect(await other.attempts()).toBe(0);
  expect(await other.rule()).toMatchObject({ state: 'suspended', suspension: 'hard' });
});

test.each([
  ['expired_card', 'card-data', 'charged again'],
  ['lost_card', 'hard', 'not charged'],
])(
  'a card that was declined with %s, which is %s, is %s once it is renewed',
  async (code, suspension, outcome) => {
    const { pool } = refilling.database;
    const fingerprint = randomUUID();
    const one = await refilling.account(fingerprint);
    const opened = await one.post();
    const wish = { paymentMethod: one.card, code, declineCode: code };
    await refilling.sandbox.control('next_outcome', wish);
    expect(await one.charge(opened ?? '')).toBe('over');
    expect(await one.rule()).toMatchObject({ state: 'suspended', suspension });
    const card = { id: one.card, customerId: '', fingerprint, brand: 'visa', last4: '4242', expMonth: 12 };
    await refilling.advance(61);
    // told the same again it is no other card
    for (const expYear of [2040, 2044]) {
      await one.setRule();
      const topUpId = await one.post();
      expect(topUpId).toBeUndefined();
      expect(await refreshPaymentMethod(pool, { ...card, expYear })).toBe(true);
    }
    await one.setRule();
    expect((await one.post()) === undefined).toBe(outcome === 'not charged');
  },
);

test('a card that rests for a day is charged again after it, on every account', async () => {
  const fingerprint = randomUUID();
  const [one, other] = [await refilling.account(fingerprint), await refilling.account(fingerprint)];
  const opened = await one.post();
  await refilling.sandbox.control('next_outcome', {
    paymentMethod: one.card,
    code: 'card_decline_rate_limit_exceeded',
  });
  expect(await one.charge(opened ?? '')).toBe('over');
  expect(await other.post()).toBeUndefined();
  expect(await other.rule()).toMatchObject({ suspension: 'rate-limit', decision: 'suspended' });
  await refilling.advance(24 * 60);
  expect(await other.charge((await other.post()) ?? '')).toBe('credited');
});

test('a card found dead stays dead when a charge that was sent before is told to rest for a day', async () => {
  const fingerprint = randomUUID();
  const [one, other] = [await refilling.account(fingerprint), await refilling.account(fingerprint)];
  const [first, second] = [await one.post(), await other.post()];
  await refilling.database.pool.query(
    'insert into top_up_attempts (top_up_id, attempt, first_sent_at, last_sent_at) values ($1, 1, $2, $2)',
    [second, refilling.now()],
  );
  await refilling.sandbox.control('next_outcome', { paymentMethod: one.card, declineCode: 'lost_card' });
  expect(await one.charge(first ?? '')).toBe('over');
  const code = 'card_decline_rate_limit_exceeded';
  await refilling.sandbox.control('next_outcome', { paymentMethod: other.card, code });
  expect(await other.charge(second ?? '')).toBe('over');
  await refilling.advance(25 * 60);
  expect(await other.post()).toBeUndefined();
  expect(await other.rule()).toMatchObject({ state: 'suspended', suspension: 'hard' });
});

test.each([
  ['credited', 'cap-reached'],
  ['kept-out', 'below-threshold'],
])(
  'of a payment that was set aside and is %s by an operator, the cap of the month knows',
  async (resolution, reason) => {
    const { pool } = refilling.database;
    const change = `update auto_top_up_rules set monthly_cap = 30000000000 where account_id = $1`;
    await pool.query(change, [account.accountId]);
    const topUpId = await account.post();
    await pool.query(
      `insert into top_up_attempts (top_up_id, attempt, first_sent_at, last_sent_at, payment_intent_id) values ($1, 1, $2, $2, $3)`,
      [topUpId, refilling.now(), `pi_${topUpId}`],
    );
    await pool.query(`select quarantine_payment($2, $1, 'payment-method', 2000, 'usd', '{}', $3)`, [
      topUpId,
      `pi_${topUpId}`,
      refilling.now(),
    ]);
    await pool.query(`select resolve_quarantine($1, $2, 'seen', 'operator', null, gen_random_uuid(), $3)`, [
      `pi_${topUpId}`,
      resolution,
      refilling.now(),
    ]);
    await refilling.advance(61);
    await account.adjust(-20);
    await account.post();
    expect(await account.rule()).toMatchObject({ state: 'enabled', reason });
  },
);

test('an episode that has had its top-up is skipped with a time to look again, not charged without one', async () => {
  const { pool } = refilling.database;
  const topUpId = await account.post();
  await pool.query('select close_top_up($1, $2, $3)', [topUpId, 'test', refilling.now()]);
  // as if the end of the top-up had not been counted: the next decision is the same episode's
  await pool.query(
    'update auto_top_up_rules r set revision = t.rule_revision from top_ups t where t.id = $1 and r.account_id = t.account_id',
    [topUpId],
  );
  expect(await account.post()).toBeUndefined();
  expect(await account.rule()).toMatchObject({
    decision: 'skipped',
    reason: 'episode-over',
    next_evaluation_at: new Date(refilling.now().getTime() + 10 * 60_000),
  });
  const { rows } = await pool.query(
    `select decision, reason, amount, top_up_id from auto_top_up_evaluations where account_id = $1 order by id desc limit 1`,
    [account.accountId],
  );
  expect(rows).toEqual([{ decision: 'skipped', reason: 'episode-over', amount: null, top_up_id: null }]);
  await account.adjust(-1);
  expect(await account.post()).toBeDefined();
});
