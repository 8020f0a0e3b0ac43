// Manual top-ups: paid on the hosted page, credited once whoever comes first, seen by those who may see them.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { settle } from '../activities/payments/settle.ts';
import { claimKey } from '../ledger/idempotency.ts';
import { recordHistories } from './support/histories.ts';
import { followBack, startTestPayments, type TestPayments, type TestTeam } from './support/payments.ts';
import { until } from './support/sandbox.ts';

let payments: TestPayments;
let team: TestTeam;

beforeAll(async () => {
  payments = await startTestPayments();
  team = await payments.team();
});
afterAll(() => payments?.stop());

function topUp(token: string, body: object, headers: Record<string, string> = {}) {
  return payments.api.json('POST', `/v1/accounts/${team.accountId}/top-ups`, { token, body, headers });
}

async function opened(dollars = '25.00') {
  const { status, body } = await topUp(team.tokens.member, { amount: dollars });
  expect(status).toBe(201);
  return body;
}

describe('paying', () => {
  test('a payment is credited once although webhook, return page and settle come at once', async () => {
    await payments.sandbox.control('deliveries', { kind: 'duplicate', times: 5 });
    const before = await payments.balance(team.accountId);
    const { id, checkoutUrl, state } = await opened();
    expect(state).toBe('open');
    const location = await payments.pay(checkoutUrl);
    const [charge] = await payments.sandbox.charges({ topUpId: id });
    const intent = String(charge?.['paymentIntent']);
    const [page] = await Promise.all([
      followBack(payments.api, location, team.tokens.member),
      followBack(payments.api, location),
      settle(payments.clients, intent),
      settle(payments.clients, intent),
    ]);
    expect(page).toMatch(new RegExp(`^303 /accounts/acme-\\w+/billing\\?topUp=${id}$`));
    await payments.calm();
    const purchases = await payments.purchases(team.accountId);
    expect(purchases.filter(({ details }) => details['topUpId'] === id)).toEqual([
      {
        key: `purchase:${intent}`,
        amount: '25000000000',
        details: {
          topUpId: id,
          mode: 'manual',
          payerId: team.member.personId,
          payerName: 'Max Member',
          requestId: expect.any(String),
        },
      },
    ]);
    expect(await payments.balance(team.accountId)).toBe(before + 25);
    const { body } = await payments.api.json('GET', `/v1/accounts/${team.accountId}/top-ups/${id}`, {
      token: team.tokens.owner,
    });
    await recordHistories(payments.temporal.client, `top-up/${id}`, 'top-up-manual');
    expect(body).toMatchObject({ state: 'paid', payer: { name: 'Max Member' }, checkoutUrl: null });
  });

  test('a payment whose events are lost and whose tab was closed is credited all the same', async () => {
    await payments.sandbox.control('deliveries', { kind: 'drop', times: null });
    const { id, checkoutUrl } = await opened();
    await payments.pay(checkoutUrl);
    // the workflow looks again by itself; the sweeper is asked to start one that is gone
    await payments.temporal.client.workflow.getHandle(`top-up/${id}`).terminate('lost');
    await payments.pool.query('update top_ups set next_check_at = $2 where id = $1', [id, new Date()]);
    await until(
      async () => (await payments.topUps(team.accountId)).some((t) => t.id === id && t.state === 'paid'),
      'the credit',
    );
    await fetch(`${payments.sandbox.url}/_sandbox/deliveries`, { method: 'DELETE' });
    const purchases = await payments.purchases(team.accountId);
    expect(purchases.filter(({ details }) => details['topUpId'] === id)).toHaveLength(1);
  });

  test('a page that is left open expires, and nothing is credited', async () => {
    const { id } = await opened();
    await payments.advance(3 * 3_600_000);
    await until(async () => {
      const found = (await payments.topUps(team.accountId)).find((t) => t.id === id);
      return found?.state === 'not-completed';
    }, 'the top-up to be closed');
    expect((await payments.purchases(team.accountId)).some(({ details }) => details['topUpId'] === id)).toBe(
      false,
    );
  });

  test('a top-up that is open although its workflow had ended is followed anew, and operators are told', async () => {
    const { id } = await opened();
    const closed = async () => {
      const found = (await payments.topUps(team.accountId)).find((t) => t.id === id);
      return found?.state === 'not-completed';
    };
    await payments.advance(3 * 3_600_000);
    await until(closed, 'the top-up to be closed');
    const handle = payments.temporal.client.workflow.getHandle(`top-up/${id}`);
    expect(await handle.result()).toBe('not-completed');
    // a late event of the expired session would close it again instead
    await payments.calm();
    payments.alerts.length = 0;
    // as after the database was restored to a moment before the end
    await payments.pool.query(
      `update top_ups set state = 'open', reason = null, next_check_at = $2 where id = $1`,
      [id, payments.clients.clock()],
    );
    await until(closed, 'the top-up to be closed again');
    expect(payments.alerts).toContain('a top-up is open although its workflow had ended');
    const { rows } = await payments.pool.query('select restarts from top_ups where id = $1', [id]);
    expect(rows).toEqual([{ restarts: 1 }]);
  });

  test('a payment whose amount is not what was asked for is quarantined and never credited', async () => {
    const { id, checkoutUrl } = await opened();
    await payments.sandbox.control('deliveries', { kind: 'hold' });
    const location = await payments.pay(checkoutUrl);
    await payments.pool.query('update top_ups set amount = amount * 2 where id = $1', [id]);
    expect(await followBack(payments.api, location, team.tokens.owner)).toContain(
      'An operator has been told',
    );
    await payments.sandbox.control('deliveries', { kind: 'release' });
    await payments.calm();
    const { rows } = await payments.pool.query(
      'select reason from quarantined_payments where top_up_id = $1',
      [id],
    );
    expect(rows).toEqual([{ reason: 'amount' }]);
    expect((await payments.purchases(team.accountId)).some(({ details }) => details['topUpId'] === id)).toBe(
      false,
    );
  });

  test('a card is kept only when its payer asked for it', async () => {
    const cards = async () =>
      (await payments.api.json('GET', '/v1/me/payment-methods', { token: team.tokens.admin })).body.items;
    expect(await cards()).toEqual([]);
    const { body } = await topUp(team.tokens.admin, { amount: '5.00', saveCard: true });
    await followBack(payments.api, await payments.pay(body.checkoutUrl), team.tokens.admin);
    expect(await cards()).toMatchObject([{ brand: 'visa', last4: '4242' }]);
  });
});

describe('asking', () => {
  test('64 identical requests with one Idempotency-Key open one Checkout session', async () => {
    const key = randomUUID();
    const sessions = async () => {
      const { items } = await payments.sandbox.control('requests?method=POST&path=/v1/checkout/sessions');
      return Array.isArray(items) ? items.length : 0;
    };
    const before = await sessions();
    const answers = await Promise.all(
      Array.from({ length: 64 }, () =>
        topUp(team.tokens.member, { amount: '30.00' }, { 'idempotency-key': key }),
      ),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect(new Set(answers.map(({ body }) => body.checkoutUrl)).size).toBe(1);
    expect((await sessions()) - before).toBe(1);
  });

  test("a person's first two top-ups at once both open, on one Customer", async () => {
    const newcomer = await payments.team();
    await payments.sandbox.control('faults', {
      method: 'POST',
      path: '/v1/customers',
      kind: 'delay',
      delayMs: 500,
    });
    const answers = await Promise.all(
      ['10.00', '20.00', '30.00'].map((given) =>
        payments.api.json('POST', `/v1/accounts/${newcomer.accountId}/top-ups`, {
          token: newcomer.tokens.member,
          body: { amount: given },
        }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
    const { rows } = await payments.pool.query(
      'select distinct customer_id from top_ups where account_id = $1',
      [newcomer.accountId],
    );
    expect(rows).toHaveLength(1);
  });

  test('an Idempotency-Key with other content is 422', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    expect((await topUp(team.tokens.member, { amount: '30.00' }, headers)).status).toBe(201);
    const { status, body } = await topUp(team.tokens.member, { amount: '31.00' }, headers);
    expect([status, body.code]).toEqual([422, 'idempotency-key-reused']);
  });

  test('a request whose process died is taken over after a minute and creates the same thing', async () => {
    const claim = { caller: 'person:x', key: randomUUID(), hash: Buffer.from('content') };
    const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1) + seconds * 1_000);
    const first = await claimKey(payments.pool, claim, at(0));
    expect(first.kind).toBe('mine');
    expect((await claimKey(payments.pool, claim, at(59))).kind).toBe('under-way');
    const taken = await Promise.all(
      [61, 61, 61].map((seconds) => claimKey(payments.pool, claim, at(seconds))),
    );
    expect(taken.map(({ kind }) => kind).sort()).toEqual(['mine', 'under-way', 'under-way']);
    expect(taken.find(({ kind }) => kind === 'mine')).toMatchObject({
      resourceId: first.kind === 'mine' ? first.resourceId : '',
    });
    const other = await claimKey(payments.pool, { ...claim, hash: Buffer.from('other') }, at(200));
    expect(other.kind).toBe('other-content');
  });

  test('a request that failed on Stripe goes on with the same top-up when it is repeated', async () => {
    await payments.sandbox.control('faults', {
      method: 'POST',
      path: '/v1/checkout/sessions',
      kind: 'execute_then_drop',
    });
    await payments.sandbox.control('faults', {
      method: 'POST',
      path: '/v1/checkout/sessions',
      kind: '500_unstored',
    });
    const headers = { 'idempotency-key': randomUUID() };
    const before = (await payments.topUps(team.accountId)).length;
    const answers = [];
    for (let i = 0; i < 5; i += 1)
      answers.push((await topUp(team.tokens.member, { amount: '30.00' }, headers)).status);
    expect(answers.at(-1)).toBe(201);
    expect(answers.every((status) => status === 201 || status === 503)).toBe(true);
    expect((await payments.topUps(team.accountId)).length - before).toBe(1);
  });

  test.each([
    ['0', 'amount-out-of-range'],
    ['-5', 'amount-out-of-range'],
    ['1e3', 'amount-malformed'],
    ['12.345', 'amount-not-in-cents'],
    ['', 'amount-malformed'],
    ['NaN', 'amount-malformed'],
    ['2000.01', 'amount-out-of-range'],
    ['4.99', 'amount-out-of-range'],
    ['99999999999999999999', 'amount-malformed'],
  ])('the amount %j is refused as %s and stores nothing', async (given, code) => {
    const before = (await payments.topUps(team.accountId)).length;
    const { status, body } = await topUp(team.tokens.member, { amount: given });
    expect([status, body.code]).toEqual([400, code]);
    expect((await payments.topUps(team.accountId)).length).toBe(before);
  });

  test('only its payer sees the checkoutUrl, and an outsider sees nothing', async () => {
    const { id, checkoutUrl } = await opened();
    const path = `/v1/accounts/${team.accountId}/top-ups/${id}`;
    const see = async (token: string) => (await payments.api.json('GET', path, { token })).body;
    expect((await see(team.tokens.member)).checkoutUrl).toBe(checkoutUrl);
    expect((await see(team.tokens.owner)).checkoutUrl).toBeNull();
    expect((await see(team.tokens.outsider)).status).toBe(404);
    const list = await payments.api.json('GET', `/v1/accounts/${team.accountId}/top-ups?limit=1`, {
      token: team.tokens.owner,
    });
    expect(list.body.items).toMatchObject([{ id, checkoutUrl: null }]);
    expect(list.body.nextCursor).toBe(id);
    expect(
      (
        await payments.api.json('POST', `/v1/accounts/${team.accountId}/top-ups`, {
          token: team.tokens.outsider,
          body: { amount: '25.00' },
        })
      ).status,
    ).toBe(404);
  });
});
