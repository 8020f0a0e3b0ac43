// The page people come back to from Stripe: strangers cannot make us ask Stripe, and nobody waits for a ring.
import net from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { createPaymentClients } from '../activities/payments/clients.ts';
import { settle } from '../activities/payments/settle.ts';
import { followBack, startTestPayments, type TestPayments, type TestTeam } from './support/payments.ts';

let payments: TestPayments;
let team: TestTeam;

beforeAll(async () => {
  payments = await startTestPayments();
  team = await payments.team();
});
afterAll(() => payments?.stop());

async function opened(): Promise<{ id: string; checkoutUrl: string }> {
  const { body } = await payments.api.json('POST', `/v1/accounts/${team.accountId}/top-ups`, {
    token: team.tokens.member,
    body: { amount: '25.00' },
  });
  return body;
}

async function asked(): Promise<number> {
  const { items } = await payments.sandbox.control('requests?method=GET&path=/v1/checkout/sessions');
  return Array.isArray(items) ? items.length : 0;
}

const page = (sessionId: string) => payments.api.call('GET', `/billing/return?session_id=${sessionId}`);

test('a session that no row of ours knows is never asked for', async () => {
  const foreign = await payments.sandbox.stripe.checkout.sessions.create({
    mode: 'payment',
    success_url: 'http://localhost/',
    line_items: [
      { quantity: 1, price_data: { currency: 'usd', unit_amount: 500, product_data: { name: 'x' } } },
    ],
  });
  const before = await asked();
  for (const id of [foreign.id, 'cs_test_made_up', 'cs_live_1', 'pi_1', '../v1/charges'])
    expect((await page(id)).status).toBe(404);
  expect(await asked()).toBe(before);
});

test('however often a page is opened, Stripe is asked once in a while', async () => {
  await payments.sandbox.control('deliveries', { kind: 'hold' });
  const { id } = await opened();
  const { rows } = await payments.pool.query<{ session: string }>(
    'select checkout_session_id as session from top_ups where id = $1',
    [id],
  );
  const session = rows[0]?.session ?? '';
  const requestsOf = async () => {
    const { items } = await payments.sandbox.control(
      `requests?method=GET&path=/v1/checkout/sessions/${session}`,
    );
    return Array.isArray(items) ? items.length : 0;
  };
  // the workflow of the top-up looks at it too, once at its begin
  const before = await requestsOf();
  const answers = await Promise.all(Array.from({ length: 40 }, () => page(session)));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect((await requestsOf()) - before).toBeLessThanOrEqual(2);
  await payments.sandbox.control('deliveries', { kind: 'release' });
});

test('the payer goes on in the console; everybody else reads a page without the amount', async () => {
  const { id, checkoutUrl } = await opened();
  const location = await payments.pay(checkoutUrl);
  const [stranger, payer, admin] = await Promise.all([
    followBack(payments.api, location),
    followBack(payments.api, location, team.tokens.member),
    followBack(payments.api, location, team.tokens.admin),
  ]);
  expect(payer).toBe(`303 ${await billing()}?topUp=${id}`);
  for (const other of [stranger, admin]) {
    expect(other).toContain('The payment was received.');
    expect(other).not.toContain('25.00');
  }
  expect(stranger).toContain('/sign-in"');
  expect(admin).not.toContain('/sign-in"');
});

test('who paid into their own account goes on there', async () => {
  const { body } = await payments.api.json('POST', `/v1/accounts/${team.member.accountId}/top-ups`, {
    token: team.tokens.member,
    body: { amount: '5.00' },
  });
  const back = await followBack(payments.api, await payments.pay(body.checkoutUrl), team.tokens.member);
  expect(back).toBe(`303 /accounts/@me/billing?topUp=${body.id}`);
});

test('a payer who was removed meanwhile is not sent to what they may not see', async () => {
  const { checkoutUrl } = await opened();
  const location = await payments.pay(checkoutUrl);
  const { rows } = await payments.pool.query('select * from auth.members where person_id = $1', [
    team.member.personId,
  ]);
  await payments.pool.query('delete from auth.members where id = $1', [rows[0].id]);
  const page = await followBack(payments.api, location, team.tokens.member);
  expect(page).toContain('Your payment of $25.00 was received.');
  await payments.pool.query(
    'insert into auth.members select * from jsonb_populate_record(null::auth.members, $1)',
    [rows[0]],
  );
});

test('who turns back on the hosted page comes back to billing, and nothing in the address leads elsewhere', async () => {
  const { id } = await opened();
  const { rows } = await payments.pool.query<{ session: string }>(
    'select checkout_session_id as session from top_ups where id = $1',
    [id],
  );
  const session = await payments.sandbox.stripe.checkout.sessions.retrieve(rows[0]?.session ?? '');
  const back = session.cancel_url ?? '';
  expect(await followBack(payments.api, back, team.tokens.member)).toBe(
    `303 ${await billing()}?topUp=${id}&cancelled=true`,
  );
  const others = [
    followBack(payments.api, back),
    followBack(payments.api, back, team.tokens.owner),
    followBack(payments.api, 'http://x/billing/cancelled/%2F%2Fevil.example', team.tokens.member),
    followBack(
      payments.api,
      'http://x/billing/cancelled/0199e0a0-0000-7000-8000-000000000000',
      team.tokens.member,
    ),
  ];
  for (const page of await Promise.all(others)) expect(page).toContain('nothing was charged');
});

test('who saved a card goes on in the console; a stranger reads a page', async () => {
  const { body } = await payments.api.json('POST', '/v1/me/payment-methods', { token: team.tokens.member });
  const location = await payments.pay(body.setupUrl);
  expect(await followBack(payments.api, location)).toContain('Your card is saved');
  expect(await followBack(payments.api, location, team.tokens.owner)).toContain('Your card is saved');
  expect(await followBack(payments.api, location, team.tokens.member)).toBe('303 /?cardSaved=true');
});

async function billing(): Promise<string> {
  const { rows } = await payments.pool.query<{ slug: string }>(
    'select slug from auth.organizations where id = $1',
    [team.organizationId],
  );
  return `/accounts/${rows[0]?.slug}/billing`;
}

test('a payment is settled although Temporal does not answer the ring', async () => {
  const sockets: net.Socket[] = [];
  const silent = net.createServer((socket) => sockets.push(socket));
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const address = silent.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const connection = Connection.lazy({ address: `127.0.0.1:${port}` });
  const undelivered = new Promise<string>((resolve) => {
    const clients = createPaymentClients({
      ...payments.clients,
      secretKey: 'sk_test_sandbox',
      apiBase: payments.sandbox.url,
      temporal: { client: new Client({ connection }), taskQueue: 'nobody' },
      logger: { error: () => undefined, warn: (_fields, message) => resolve(message) },
    });
    void settled(clients);
  });
  const order: string[] = [];
  async function settled(clients: Parameters<typeof settle>[0]) {
    await payments.sandbox.control('deliveries', { kind: 'hold' });
    const { id, checkoutUrl } = await opened();
    await payments.pool.query('update top_ups set next_check_at = $2 where id = $1', [
      id,
      new Date(Date.now() + 3_600_000),
    ]);
    await payments.pay(checkoutUrl);
    const [charge] = await payments.sandbox.charges({ topUpId: id });
    const settlement = await settle(clients, String(charge?.['paymentIntent']));
    order.push(settlement.kind);
  }
  order.push(await undelivered);
  expect(order).toEqual(['credited', 'a ring was not delivered: the sweeper repeats it']);
  await payments.sandbox.control('deliveries', { kind: 'release' });
  await connection.close();
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => silent.close(resolve));
});
