// Search: an operator finds an account by whatever is known of it, and no way of looking reads a whole table.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { startTestApi, type TestApi } from './support/api.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { createOperator } from './support/operators.ts';
import {
  createKey,
  createOrganization,
  createOrganizationToken,
  createPerson,
  createTeam,
  type TestOrganization,
} from './support/people.ts';
import { startTestSandbox, type TestSandbox } from './support/sandbox.ts';

let database: TestDatabase;
let sandbox: TestSandbox;
let api: TestApi;
let operator: string;
let team: TestOrganization;
let topUpId: string;
let key: { apiKeyId: string; secret: string };

beforeAll(async () => {
  [database, sandbox] = await Promise.all([createTestDatabase(), startTestSandbox()]);
  const { pool } = database;
  api = await startTestApi(database, {
    environment: { STRIPE_API_BASE: sandbox.url, STRIPE_SECRET_KEY: 'sk_test_sandbox' },
  });
  operator = await createOperator(pool, 'support', ['read']);
  team = await createTeam(pool);
  key = await createKey(pool, { accountId: team.accountId, memberId: team.member.personId, name: 'nightly' });
  topUpId = uuidv7();
  await pool.query(
    `insert into top_ups (id, account_id, mode, payer_id, amount, currency, expires_at, created_at, next_check_at,
       checkout_session_id)
     values ($1, $2, 'manual', $3, 25000000000, 'usd', now(), now(), now(), 'cs_test_1')`,
    [topUpId, team.accountId, team.member.personId],
  );
  await pool.query(
    `insert into quarantined_payments (payment_intent_id, top_up_id, reason, amount_cents, currency, found_at)
     values ('pi_quarantined', $1, 'amount', 1, 'usd', now()), ('pi_nobodys', null, 'unknown-top-up', 1, 'usd', now())`,
    [topUpId],
  );
  await pool.query(
    `insert into customers (person_id, email, stripe_id, created_at) values ($1, 'x@example.com', 'cus_1', now())`,
    [team.member.personId],
  );
});

afterAll(async () => {
  await api.close();
  await sandbox.close();
  await database.drop();
});

interface Hit {
  type: string;
  id: string;
  name: string | null;
  detail: string | null;
  accountId: string | null;
}

async function search(q: string): Promise<Hit[]> {
  const { status, body } = await api.json('GET', `/v1/operator/search?q=${encodeURIComponent(q)}`, {
    token: operator,
  });
  expect([q, status]).toEqual([q, 200]);
  return body.items;
}

const found = (hits: Hit[]) => hits.map(({ type, id, accountId }) => [type, id, accountId]);

test('by an id of ours', async () => {
  const { accountId, organizationId, member } = team;
  expect(found(await search(accountId))).toEqual([['account', accountId, accountId]]);
  expect(found(await search(organizationId))).toEqual([['organization', organizationId, accountId]]);
  expect(found(await search(member.personId))).toEqual([['person', member.personId, member.accountId]]);
  expect(found(await search(key.apiKeyId))).toEqual([['api-key', key.apiKeyId, accountId]]);
  expect(found(await search(topUpId))).toEqual([['top-up', topUpId, accountId]]);
  expect(await search(uuidv7())).toEqual([]);
});

test('by the beginning of an API key, and by no more of it', async () => {
  const prefix = key.secret.slice(0, 'cof_test_'.length + 6);
  expect(found(await search(prefix))).toEqual([['api-key', key.apiKeyId, team.accountId]]);
  expect(found(await search(prefix.slice(0, -2)))).toEqual([['api-key', key.apiKeyId, team.accountId]]);
  expect(await search('cof_test_%%%%%%')).toEqual([]);
});

test('by the beginning of a token of an organization’s program, and by no more of it', async () => {
  const { pool } = database;
  const secret = await createOrganizationToken(pool, team.organizationId);
  const { rows } = await pool.query<{ id: string }>(
    'select id from service_tokens where organization_id = $1',
    [team.organizationId],
  );
  const hit = ['token', rows[0]?.id, team.accountId];
  const prefix = secret.slice(0, 'cof_organization_'.length + 6);
  for (const q of [prefix, prefix.slice(0, -2), secret, rows[0]?.id ?? ''])
    expect([q, found(await search(q))]).toEqual([q, [hit]]);
  // those of gateways and operators are of no account
  expect(await search(operator)).toEqual([]);
});

test('by what an organization or a person is called, by slug and by e-mail address', async () => {
  const { pool } = database;
  const person = await createPerson(pool, 'Zoë van der Zyl');
  const organization = await createOrganization(pool, person.personId, 'Zebra');
  await pool.query(`update auth.organizations set name = 'The Zebra Company' where id = $1`, [
    organization.organizationId,
  ]);
  const hit = ['organization', organization.organizationId, organization.accountId];
  const { rows } = await pool.query<{ slug: string }>('select slug from auth.organizations where id = $1', [
    organization.organizationId,
  ]);
  for (const q of ['zebra', 'ZEB', 'zebra comp', 'company the', rows[0]?.slug ?? ''])
    expect([q, found(await search(q))]).toEqual([q, [hit]]);
  for (const q of [person.email, person.email.toUpperCase(), person.email.slice(0, 8), 'zyl', 'Zoë'])
    expect([q, found(await search(q))]).toEqual([q, [['person', person.personId, person.accountId]]]);
  for (const q of ['%%%', "'; drop table accounts; --", '\\\\\\', '___', '& | !', 'zebra nobody', '🦓🦓🦓'])
    expect([q, await search(q)]).toEqual([q, []]);
});

test('by what it is called at Stripe: session, payment, charge and customer', async () => {
  const topUp = ['top-up', topUpId, team.accountId];
  expect(found(await search('cs_test_1'))).toEqual([topUp]);
  expect(found(await search('pi_quarantined'))).toEqual([
    topUp,
    ['payment', 'pi_quarantined', team.accountId],
  ]);
  expect(found(await search('pi_nobodys'))).toEqual([['payment', 'pi_nobodys', null]]);
  expect(found(await search('cus_1'))).toEqual([['person', team.member.personId, team.member.accountId]]);
  expect(await search('ch_unknown')).toEqual([]);
});

test('what is too short, too long or no text is refused', async () => {
  for (const q of ['ab', '  a ', 'x'.repeat(256), '%00%00%00']) {
    const { status, body } = await api.json('GET', `/v1/operator/search?q=${q}`, { token: operator });
    expect([status, body.code]).toEqual([400, 'request-invalid']);
  }
});
