// The timeline of a top-up: what happened in order, and of a card that was declined nothing but to its payer.
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { followBack, startTestPayments, type TestPayments, type TestTeam } from './support/payments.ts';
import { until } from './support/sandbox.ts';

let payments: TestPayments;
let team: TestTeam;

beforeAll(async () => {
  payments = await startTestPayments();
});
afterAll(() => payments?.stop());
beforeEach(async () => {
  team = await payments.team();
});

async function show(id: string, token: string) {
  const { body } = await payments.api.json('GET', `/v1/accounts/${team.accountId}/top-ups/${id}`, { token });
  return body;
}

async function steps(id: string, token: string): Promise<string[]> {
  const { timeline } = await show(id, token);
  const times = timeline.map(({ at }: { at: string }) => at);
  expect(times).toEqual([...times].sort());
  return timeline.map(({ what }: { what: string }) => what);
}

async function opened(): Promise<{ id: string; checkoutUrl: string }> {
  const { body } = await payments.api.json('POST', `/v1/accounts/${team.accountId}/top-ups`, {
    token: team.tokens.member,
    body: { amount: '25.00' },
  });
  return body;
}

test('a manual top-up is opened, credited and posted', async () => {
  const { id, checkoutUrl } = await opened();
  expect(await steps(id, team.tokens.owner)).toEqual(['opened']);
  await followBack(payments.api, await payments.pay(checkoutUrl));
  await payments.calm();
  expect(await steps(id, team.tokens.owner)).toEqual(['opened', 'credited', 'posted']);
});

test('an auto top-up begins with the evaluation and the balance that it found', async () => {
  const card = await payments.saveCard(team.tokens.owner);
  await payments.adjust(team.accountId, 100);
  await payments.calm();
  await enable(card);
  await payments.adjust(team.accountId, -92);
  await payments.calm();
  const [topUp] = await payments.topUps(team.accountId);
  const { timeline } = await show(topUp?.id ?? '', team.tokens.member);
  expect(timeline).toMatchObject([
    { what: 'rule-evaluated', balance: '8.00', threshold: '10.00' },
    { what: 'charge-sent' },
    { what: 'credited' },
    { what: 'posted' },
  ]);
});

test('that a card was declined is told to its payer alone', async () => {
  const card = await payments.saveCard(team.tokens.owner);
  await payments.sandbox.control('next_outcome', { paymentMethod: card, declineCode: 'insufficient_funds' });
  await enable(card);
  await until(async () => {
    const { rows } = await payments.pool.query(
      `select from top_up_attempts a join top_ups t on t.id = a.top_up_id
       where t.account_id = $1 and a.ended_at is not null`,
      [team.accountId],
    );
    return rows.length === 1;
  }, 'the decline');
  const [topUp] = await payments.topUps(team.accountId);
  const id = topUp?.id ?? '';
  expect(await steps(id, team.tokens.owner)).toEqual(['rule-evaluated', 'charge-sent', 'charge-declined']);
  expect(await steps(id, team.tokens.admin)).toEqual(['rule-evaluated', 'charge-sent']);
  expect(JSON.stringify(await show(id, team.tokens.owner))).not.toContain('insufficient_funds');
});

test('that a payment was set aside is told to its payer alone', async () => {
  const { id, checkoutUrl } = await opened();
  await payments.pool.query('update top_ups set amount = amount * 2 where id = $1', [id]);
  await followBack(payments.api, await payments.pay(checkoutUrl));
  expect(await steps(id, team.tokens.member)).toEqual(['opened', 'set-aside']);
  expect(await steps(id, team.tokens.owner)).toEqual(['opened']);
});

const asState = (id: string, state: string) =>
  payments.pool.query(
    `update top_ups set ${state}, next_check_at = null, checkout_url = null where id = $1`,
    [id],
  );

test('a page that nobody paid on ends with its expiry, and its payer reads that nothing was charged', async () => {
  const { id } = await opened();
  await asState(
    id,
    `state = 'not-completed', reason = 'expired', expires_at = created_at + interval '2 hours'`,
  );
  expect(await steps(id, team.tokens.member)).toEqual(['opened', 'expired']);
  expect(await steps(id, team.tokens.owner)).toEqual(['opened', 'expired']);
  expect((await show(id, team.tokens.member)).ending).toBe('expired');
  expect((await show(id, team.tokens.owner)).ending).toBeNull();
});

test('how a charge ended otherwise is told to its payer alone, each in words of its own', async () => {
  const { id } = await opened();
  const attempt = (number: number, outcome: string) =>
    payments.pool.query(
      `insert into top_up_attempts (top_up_id, attempt, first_sent_at, last_sent_at, outcome, ended_at)
       select id, $2::int4, created_at, created_at, $3::text, created_at + $2::int4 * interval '1 minute' from top_ups where id = $1`,
      [id, number, outcome],
    );
  await attempt(1, 'soft');
  await attempt(2, 'state-wrong');
  await attempt(3, 'never-sent');
  await attempt(4, 'authentication');
  await asState(id, `state = 'not-completed', reason = 'authentication'`);
  const told = (await steps(id, team.tokens.member)).filter((step) => step !== 'charge-sent');
  expect(told).toEqual([
    'opened',
    'charge-declined',
    'charge-called-off',
    'never-arrived',
    'confirmation-needed',
  ]);
  expect((await show(id, team.tokens.member)).ending).toBe('confirmation-needed');
  expect(await steps(id, team.tokens.owner)).toEqual(['opened', 'charge-sent']);
  expect((await show(id, team.tokens.owner)).ending).toBeNull();
});

test('while nobody knows what became of a charge its payer reads that, and no longer', async () => {
  const { id } = await opened();
  await payments.pool.query(
    `insert into top_up_attempts (top_up_id, attempt, first_sent_at, last_sent_at)
     select id, 1, created_at, created_at + interval '1 minute' from top_ups where id = $1`,
    [id],
  );
  await payments.pool.query(`update top_ups set state = 'unknown' where id = $1`, [id]);
  expect(await steps(id, team.tokens.member)).toEqual(['opened', 'charge-sent', 'outcome-unknown']);
  expect(await steps(id, team.tokens.owner)).toEqual(['opened', 'charge-sent']);
  expect((await show(id, team.tokens.owner)).state).toBe('processing');
  await payments.pool.query(
    `update top_up_attempts set outcome = 'quarantined', ended_at = last_sent_at where top_up_id = $1`,
    [id],
  );
  await asState(id, `state = 'not-completed', reason = 'quarantined'`);
  // what was set aside was charged: it must not read as a decline
  expect(await steps(id, team.tokens.member)).toEqual(['opened', 'charge-sent']);
  expect((await show(id, team.tokens.member)).ending).toBe('set-aside');
});

async function enable(paymentMethodId: string) {
  const { status } = await payments.api.json('PUT', `/v1/accounts/${team.accountId}/auto-top-up`, {
    token: team.tokens.owner,
    body: { threshold: '10.00', amount: '20.00', monthlyCap: '200.00', paymentMethodId },
  });
  expect(status).toBe(200);
  await payments.calm();
}
