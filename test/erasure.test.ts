// Erasure: nothing says any more who a person was, and every sum, line and id is what it was.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { SYSTEM } from '../ledger/acting.ts';
import { erasePerson } from '../ledger/erasure.ts';
import { addMember } from '../ledger/members.ts';
import { creditPayment } from '../ledger/payments/settlement.ts';
import { verify } from '../ledger/verify/verify.ts';
import { startTestApi, type TestApi } from './support/api.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { createOperator } from './support/operators.ts';
import {
  createGatewayToken,
  createKey,
  createOrganizationToken,
  createPerson,
  createTeam,
  createTestAuth,
  signIn,
  type TestOrganization,
  type TestPerson,
} from './support/people.ts';
import { createPrice, post, sendUsage } from './support/reading-usage.ts';
import { browser, linkIn, PASSWORD, signInFrom } from './support/sign-in.ts';
import { createCard } from './support/sponsored-team.ts';

let database: TestDatabase;
let api: TestApi;
let operator: string;
let gateway: string;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startTestApi(database);
  operator = await createOperator(database.pool, 'support');
  gateway = await createGatewayToken(database.pool);
  await createPrice(database.pool, 'swift');
});

afterAll(async () => {
  await api.close();
  await database.drop();
});

const tokenOf = (person: { personId: string }) => signIn(createTestAuth(database.pool), person.personId);

/** Everything Coffer keeps of a person who is a member: usage, a payment, a card, a customer, a session, mail. */
async function lived(
  name: string,
): Promise<{ team: TestOrganization; person: TestPerson; apiKeyId: string }> {
  const { pool } = database;
  const team = await createTeam(pool);
  const person = await createPerson(pool, name);
  const { personId, email } = person;
  await addMember(pool, { organizationId: team.organizationId, personId, role: 'admin', now: new Date() });
  const { apiKeyId } = await createKey(pool, {
    accountId: team.accountId,
    memberId: personId,
    name: 'nightly',
  });
  await createKey(pool, { accountId: person.accountId, memberId: personId, name: 'own' });
  const usage = { id: uuidv7(), apiKeyId, model: 'swift', inputTokens: 1_000, outputTokens: 1_000 };
  await sendUsage(api, gateway, [{ ...usage, occurredAt: new Date().toISOString() }]);
  for (const accountId of [team.accountId, person.accountId]) await pay(accountId, personId);
  await post(pool, team.accountId);
  const card = await createCard(pool, personId);
  const customer = `cus_${personId}`;
  await pool.query(
    `insert into customers (person_id, email, stripe_id, created_at) values ($1, $2, $3, now())`,
    [personId, email, customer],
  );
  await pool.query(
    `insert into card_setups (id, person_id, customer_id, consent_address, created_at, expires_at)
     values ($1, $2, $3, '192.0.2.77', now(), now())`,
    [uuidv7(), personId, customer],
  );
  for (const accountId of [team.accountId, person.accountId])
    await pool.query(
      `select set_auto_top_up($1, $2, $3, 1000000000, 20000000000, null, 100000000000, true, now())`,
      [accountId, personId, card],
    );
  await pool.query(`select tell_person($1, 'top-up-paid', $2, null, $3, now())`, [
    uuidv7(),
    personId,
    { email, name },
  ]);
  await pool.query(
    `insert into webhook_events (id, type, object_id, payload, received_at)
     values ($1, 'checkout.session.completed', 'cs_1', $2, now()), ($3, 'customer.updated', $4, $5, now())`,
    [
      `evt_${uuidv7()}`,
      { data: { object: { customer, customer_details: { email, name } } } },
      `evt_${uuidv7()}`,
      customer,
      { data: { object: { id: customer, email } } },
    ],
  );
  await pool.query(
    `insert into webhook_events (id, type, object_id, payload, received_at) values ($1, 'payment_method.detached', $2, $3, now())`,
    [`evt_${uuidv7()}`, card, { data: { object: { customer: null, billing_details: { email, name } } } }],
  );
  await pool.query(
    `insert into auth.verifications (id, identifier, value, expires_at, created_at, updated_at)
     values ($1, $2, 'x', now(), now(), now())`,
    [uuidv7(), `reset:${email}`],
  );
  await pool.query(
    `insert into auth.credentials (id, person_id, provider_id, subject, password, created_at, updated_at)
     values ($1, $2, 'credential', $3, 'hash', now(), now())`,
    [uuidv7(), personId, personId],
  );
  await api.json('POST', `/v1/accounts/${person.accountId}/top-ups`, {
    token: await tokenOf(person),
    headers: { 'idempotency-key': uuidv7() },
    body: { amount: '25.00' },
  });
  return { team, person, apiKeyId };
}

/** A top-up of five dollars that was paid, as Stripe's word stores it. */
async function pay(accountId: string, payerId: string): Promise<void> {
  const topUpId = uuidv7();
  await database.pool.query(
    `insert into top_ups (id, account_id, mode, payer_id, amount, currency, expires_at, created_at, next_check_at)
     values ($1, $2, 'manual', $3, 5000000000, 'usd', now(), now(), now())`,
    [topUpId, accountId, payerId],
  );
  await creditPayment(
    database.pool,
    { topUpId, attempt: null, paymentIntentId: `pi_${topUpId}` },
    new Date(),
  );
}

/** Every row of every table in which a text occurs. */
async function traces(text: string): Promise<string[]> {
  const { rows: tables } = await database.pool.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('public', 'auth')`,
  );
  const found: string[] = [];
  for (const { name } of tables) {
    const { rows } = await database.pool.query(
      `select from ${name} t where position($1 in t::text) > 0 limit 1`,
      [text],
    );
    if (rows.length > 0) found.push(name);
  }
  return found;
}

/** What of the ledger must never change. */
async function books(): Promise<unknown> {
  const { rows } = await database.pool.query(
    `select (select jsonb_agg(e order by account_id, seq) from entries e) as entries,
       (select jsonb_agg(u order by account_id, position) from usage_events u) as usage,
       (select jsonb_agg(r order by account_id, api_key_id) from usage_rollups r) as rollups,
       (select jsonb_agg(b.posted + b.pending order by account_id) from account_balances b) as balances,
       (select count(*) from audit_lines) > 0 as audited`,
  );
  return rows[0];
}

test('after their erasure no table holds a person’s name, address or card, and the books are what they were', async () => {
  const { team, person, apiKeyId } = await lived('Erika Unforgettable');
  const before = await books();
  for (const text of ['Erika', person.email, '192.0.2.77']) expect(await traces(text)).not.toEqual([]);
  const token = await tokenOf(person);
  const asOwner = await tokenOf(team.owner);
  const answer = await api.call('POST', '/v1/me/erasure', {
    token,
    body: { confirm: person.email.toUpperCase() },
  });
  expect(answer.status).toBe(204);

  for (const text of ['Erika', person.email, '192.0.2.77'])
    expect([text, await traces(text)]).toEqual([text, []]);
  expect(await books()).toEqual(before);
  expect((await api.json('GET', '/v1/me', { token })).status).toBe(401);
  const { pool } = database;
  const { rows: keys } = await pool.query(
    'select from api_keys where member_id = $1 and revoked_at is null',
    [person.personId],
  );
  expect(keys).toEqual([]);
  const { rows: rules } = await pool.query(
    'select account_id, state, suspension from auto_top_up_rules where sponsor_id = $1',
    [person.personId],
  );
  expect(rules).toEqual([{ account_id: team.accountId, state: 'suspended', suspension: 'sponsor-left' }]);

  const read = async (rest: string) =>
    (await api.json('GET', `/v1/accounts/${team.accountId}${rest}`, { token: asOwner })).body;
  const former = { id: person.personId, name: 'former member' };
  expect((await read('/transactions')).items).toMatchObject([
    { type: 'top-up', payer: former },
    { type: 'usage', member: former, apiKey: { id: apiKeyId, name: 'nightly' } },
  ]);
  expect((await read('/usage?groupBy=member')).items).toMatchObject([{ member: former }]);
  expect((await read('/statement')).items).toMatchObject([{ payer: former }, { type: 'usage' }]);
  const left = (await read('/audit?action=member.')).items[0];
  expect(left).toMatchObject({ action: 'member.left', actor: former, subject: former, address: null });

  const personal = await api.json('GET', `/v1/operator/accounts/${person.accountId}`, { token: operator });
  expect(personal.body).toMatchObject({
    account: { state: 'closed', balance: '5.00', owner: former },
    email: `erased-${person.personId}@invalid`,
    rule: null,
  });
});

test('who signed up, was invited and asked for another password leaves no trace, and may sign up anew', async () => {
  const { pool } = database;
  const email = 'signed.up@example.com';
  const body = { name: 'Sigrid Signed', email, password: PASSWORD };
  const tab = browser(api);
  expect((await tab.post('/api/auth/sign-up/email', body)).status).toBe(200);
  await tab.confirm(await linkIn(pool, email, 'verify-email'));
  expect((await signInFrom(tab, email)).status).toBe(200);
  const { body: me } = await tab.get('/v1/me');
  const team = await createTeam(pool);
  const invitation = { email, role: 'member' };
  const path = `/v1/organizations/${team.organizationId}/invitations`;
  const asOwner = await tokenOf(team.owner);
  expect((await api.json('POST', path, { token: asOwner, body: invitation })).status).toBe(201);
  await tab.post('/api/auth/request-password-reset', { email });
  expect(await traces(email)).toEqual(expect.arrayContaining(['auth.people', 'auth.invitations']));

  expect((await tab.post('/v1/me/erasure', { confirm: email })).status).toBe(204);
  for (const text of [email, 'Sigrid']) expect([text, await traces(text)]).toEqual([text, []]);
  expect((await tab.get('/v1/me')).status).toBe(401);
  expect((await signInFrom(browser(api), email)).status).toBe(401);
  const { rows: waiting } = await pool.query(
    'select from notices where person_id = $1 and (next_try_at is not null or details <> $2)',
    [me.id, {}],
  );
  expect(waiting).toEqual([]);
  const anew = browser(api);
  expect((await anew.post('/api/auth/sign-up/email', body)).status).toBe(200);
  await anew.confirm(await linkIn(pool, email, 'verify-email'));
  const { body: somebody } = await anew.get('/v1/me');
  expect(somebody.id).not.toBe(me.id);
  expect(somebody.organizations).toEqual([]);
});

test('no answer that is kept for a repetition says who somebody was', async () => {
  const { pool } = database;
  const team = await createTeam(pool);
  const person = await createPerson(pool, 'Rita Repeated');
  const { personId, email } = person;
  const { organizationId, accountId } = team;
  const send = async (path: string, key: string, token: string, body: object) => {
    const headers = { 'idempotency-key': key };
    const answer = await api.json('POST', path, { token, headers, body });
    expect(answer.status).toBe(201);
    return answer.body;
  };
  const asOwner = await tokenOf(team.owner);
  const invited = await send(`/v1/organizations/${organizationId}/invitations`, 'a', asOwner, { email });
  const asThem = await tokenOf(person);
  const accepted = await api.json('POST', `/v1/me/invitations/${invited.id}/accept`, { token: asThem });
  expect(accepted.status).toBe(200);
  await pool.query(`update auth.members set role = 'admin' where person_id = $1`, [personId]);
  const keys = `/v1/accounts/${accountId}/api-keys`;
  await send(keys, 'b', asThem, { name: 'own' });
  const expiresAt = new Date(Date.now() + 86_400_000).toISOString();
  const tokens = `/v1/organizations/${organizationId}/tokens`;
  await send(tokens, 'c', asThem, { name: 'program', scopes: ['read'], expiresAt });
  const program = await createOrganizationToken(pool, organizationId, ['keys']);
  const made = await send(keys, 'd', program, { name: 'theirs', memberId: personId });
  expect(await traces('Rita')).toContain('public.idempotency_keys');

  expect(await erasePerson(pool, SYSTEM, { personId }, new Date())).toBe(true);
  for (const text of [email, 'Rita']) expect([text, await traces(text)]).toEqual([text, []]);
  const again = await send(keys, 'd', program, { name: 'theirs', memberId: personId });
  expect(again).toMatchObject({ id: made.id, member: { id: personId, name: 'former member' } });
});

test('the live stream of somebody who is erased ends', async () => {
  const person = await createPerson(database.pool, 'Lena Looking');
  const token = await tokenOf(person);
  const stream = await api.call('GET', `/v1/accounts/${person.accountId}/events`, { token });
  expect(stream.status).toBe(200);
  await erasePerson(database.pool, SYSTEM, { personId: person.personId }, new Date());
  // read to its end, which comes only when the stream is closed
  expect(await stream.text()).toContain('event: balance');
});

test('erasing again changes nothing, and an operator does it with a reason', async () => {
  const { person } = await lived('Otto Twice');
  const erase = (reason: string) =>
    api.call('POST', `/v1/operator/people/${person.personId}/erasure`, { token: operator, body: { reason } });
  expect((await erase('asked by mail')).status).toBe(204);
  const snapshot = async () => {
    const { rows } = await database.pool.query(
      `select p.*, (select count(*) from audit_lines) as lines, (select jsonb_agg(n) from names n) as names from auth.people p where id = $1`,
      [person.personId],
    );
    return rows[0];
  };
  const first = await snapshot();
  expect((await erase('again')).status).toBe(204);
  expect(await snapshot()).toEqual(first);
  const { body } = await api.json('GET', `/v1/operator/audit?subjectId=${person.personId}`, {
    token: operator,
  });
  expect(body.items.map(({ action, reason }: Record<string, string>) => [action, reason])).toContainEqual([
    'person.erased',
    'asked by mail',
  ]);
  const unknown = await api.json('POST', `/v1/operator/people/${uuidv7()}/erasure`, {
    token: operator,
    body: { reason: 'x' },
  });
  expect([unknown.status, unknown.body.code]).toEqual([404, 'not-found']);
});

test('what Stripe tells later of somebody who was erased is kept without who it was', async () => {
  const { person } = await lived('Stella Later');
  const { pool } = database;
  const { rows } = await pool.query<{ stripe_id: string }>(
    'select stripe_id from customers where person_id = $1',
    [person.personId],
  );
  await erasePerson(pool, SYSTEM, { personId: person.personId }, new Date());
  await pool.query(
    `insert into webhook_events (id, type, object_id, payload, received_at) values ($1, 'charge.succeeded', 'ch_1', $2, now())`,
    [`evt_${uuidv7()}`, { data: { object: { customer: rows[0]?.stripe_id, receipt_email: person.email } } }],
  );
  const { rows: cards } = await pool.query<{ id: string }>(
    'select id from payment_methods where person_id = $1',
    [person.personId],
  );
  await pool.query(
    `insert into webhook_events (id, type, object_id, payload, received_at) values ($1, 'payment_method.detached', $2, $3, now())`,
    [
      `evt_${uuidv7()}`,
      cards[0]?.id,
      { data: { object: { customer: null, billing_details: { email: person.email } } } },
    ],
  );
  expect(await traces(person.email)).toEqual([]);
});

test('the address for a receipt is forgotten as soon as a top-up is over', async () => {
  const { pool } = database;
  const team = await createTeam(pool);
  const id = uuidv7();
  await pool.query(
    `insert into top_ups (id, account_id, mode, payer_id, amount, currency, trigger_seq, payment_method_id, receipt_email,
       created_at, next_check_at)
     values ($1, $2, 'auto', $3, 25000000000, 'usd', 1, 'pm_1', 'receipt@example.com', now(), now())`,
    [id, team.accountId, team.owner.personId],
  );
  expect(await traces('receipt@example.com')).toEqual(['public.top_ups']);
  await pool.query(`select close_top_up($1, 'declined', now())`, [id]);
  expect(await traces('receipt@example.com')).toEqual([]);
});

test('verify finds everything in order after all of it', async () => {
  const report = await verify(database.pool, { now: new Date() });
  expect(report).toMatchObject({ ok: true });
});
