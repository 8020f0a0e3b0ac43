// The audit: one line for each change, with who did it and the names of that time; nobody changes it, no card is in it.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import { v7 as uuidv7 } from 'uuid';
import { type Actor, SYSTEM, withActing } from '../ledger/acting.ts';
import { resolveQuarantine } from '../ledger/payments/quarantine.ts';
import { creditPayment } from '../ledger/payments/settlement.ts';
import { startTestApi, type TestApi } from './support/api.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { createOperator } from './support/operators.ts';
import { createTeam, createTestAuth, signIn, type TestOrganization } from './support/people.ts';
import { createCard } from './support/sponsored-team.ts';

let database: TestDatabase;
let api: TestApi;
let operator: string;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startTestApi(database);
  operator = await createOperator(database.pool, '=Olaf at support');
});

afterAll(async () => {
  await api.close();
  await database.drop();
});

type Line = Record<string, unknown> & { action: string };

async function teamWithTokens() {
  const { pool } = database;
  const team = await createTeam(pool);
  const auth = createTestAuth(pool);
  const token = (role: 'owner' | 'admin' | 'member' | 'outsider') => signIn(auth, team[role].personId);
  return {
    ...team,
    tokens: {
      owner: await token('owner'),
      admin: await token('admin'),
      member: await token('member'),
      outsider: await token('outsider'),
    },
  };
}

const audit = async (accountId: string, token: string, query = ''): Promise<Line[]> =>
  (await api.json('GET', `/v1/accounts/${accountId}/audit${query}`, { token })).body.items;

async function lineCount(): Promise<number> {
  const { rows } = await database.pool.query<{ lines: string }>('select count(*) as lines from audit_lines');
  return Number(rows[0]?.lines);
}

const setRule = (team: TestOrganization, token: string, body: Record<string, string>) =>
  api.json('PUT', `/v1/accounts/${team.accountId}/auto-top-up`, { token, body });

const give = (type: 'grants' | 'adjustments', accountId: string, amount: string, key = uuidv7()) =>
  api.json('POST', `/v1/operator/accounts/${accountId}/${type}`, {
    token: operator,
    headers: { 'idempotency-key': key },
    body: { amount, reason: 'a good reason' },
  });

test('each act leaves exactly one line, and an act that changes nothing leaves none', async () => {
  const team = await teamWithTokens();
  const card = await createCard(database.pool, team.owner.personId);
  const other = await createCard(database.pool, team.owner.personId);
  const rule = { threshold: '10.00', amount: '20.00', monthlyCap: '100.00' };
  const post = (path: string, body: unknown) =>
    api.json('POST', `/v1/operator/${path}`, { token: operator, body });
  const account = `accounts/${team.accountId}`;
  const list = '{"one-line": {"input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06}}';
  const sameKey = uuidv7();
  const remove = () =>
    api.call('DELETE', `/v1/accounts/${team.accountId}/auto-top-up`, { token: team.tokens.admin });
  const acts: [string, () => Promise<{ status: number }>, number][] = [
    ['a grant', () => give('grants', team.accountId, '5.00', sameKey), 1],
    ['the same grant again', () => give('grants', team.accountId, '5.00', sameKey), 0],
    ['an adjustment', () => give('adjustments', team.accountId, '-1.00'), 1],
    ['a refused grant', () => give('grants', team.accountId, '0'), 0],
    ['a freeze', () => post(`${account}/freeze`, { reason: 'fraud?' }), 1],
    ['the same freeze', () => post(`${account}/freeze`, { reason: 'fraud?' }), 0],
    ['its end', () => post(`${account}/unfreeze`, { reason: 'no fraud' }), 1],
    ['a rule', () => setRule(team, team.tokens.owner, { ...rule, paymentMethodId: card }), 1],
    ['the same rule', () => setRule(team, team.tokens.owner, { ...rule, paymentMethodId: card }), 0],
    [
      'a preview',
      async () =>
        api.json('PUT', `/v1/accounts/${team.accountId}/auto-top-up?preview=true`, {
          token: team.tokens.owner,
          body: { ...rule, amount: '50.00' },
        }),
      0,
    ],
    ['another threshold', () => setRule(team, team.tokens.owner, { ...rule, threshold: '15.00' }), 1],
    [
      'another card',
      () => setRule(team, team.tokens.owner, { ...rule, threshold: '15.00', paymentMethodId: other }),
      1,
    ],
    ['a lower cap, by an admin', () => setRule(team, team.tokens.admin, { ...rule, monthlyCap: '50.00' }), 1],
    [
      'a higher cap that an admin may not set',
      () => setRule(team, team.tokens.admin, { ...rule, monthlyCap: '900.00' }),
      0,
    ],
    ['no rule', remove, 1],
    ['no rule again', remove, 0],
    ['a price list', () => api.json('POST', '/v1/operator/prices', { token: operator, body: list }), 1],
    [
      'the same price list',
      () => api.json('POST', '/v1/operator/prices', { token: operator, body: list }),
      0,
    ],
  ];
  for (const [what, act, lines] of acts) {
    const before = await lineCount();
    const { status } = await act();
    expect([what, status < 500, (await lineCount()) - before]).toEqual([what, true, lines]);
  }
});

test('a line says who, what, before, after, why and from where, newest first', async () => {
  const team = await teamWithTokens();
  const card = await createCard(database.pool, team.owner.personId);
  await give('grants', team.accountId, '5.00');
  await setRule(team, team.tokens.owner, {
    threshold: '10.00',
    amount: '20.00',
    monthlyCap: '100.00',
    paymentMethodId: card,
  });
  await setRule(team, team.tokens.admin, { threshold: '10.00', amount: '10.00', monthlyCap: '100.00' });
  const lines = await audit(team.accountId, team.tokens.admin, '?limit=3');
  const { owner, admin } = team;
  expect(lines).toMatchObject([
    {
      actor: { kind: 'person', id: admin.personId, name: 'Ada Admin' },
      action: 'auto-top-up.changed',
      subject: { kind: 'auto-top-up', id: team.accountId, name: 'Acme' },
      before: { amount: '20.00' },
      after: { amount: '10.00' },
      reason: null,
      address: expect.stringContaining('127.0.0.1'),
      requestId: expect.any(String),
    },
    {
      actor: { kind: 'person', id: owner.personId, name: 'Olga Owner' },
      action: 'auto-top-up.enabled',
      before: null,
      after: { sponsor: { id: owner.personId, name: 'Olga Owner' }, threshold: '10.00', state: 'enabled' },
    },
    {
      actor: { kind: 'operator', name: '=Olaf at support' },
      action: 'credit.grant',
      before: null,
      after: { amount: '5.00' },
      reason: 'a good reason',
      // where an operator called from is the operators' own affair
      address: null,
    },
  ]);
  const [first] = await audit(team.accountId, operator, '?action=credit.grant');
  expect(first).toMatchObject({ action: 'credit.grant', address: expect.stringContaining('127.0.0.1') });
});

test('a payment that came is a line too, with its payer and no card', async () => {
  const team = await teamWithTokens();
  const { pool } = database;
  const id = uuidv7();
  await pool.query(
    `insert into top_ups (id, account_id, mode, payer_id, amount, currency, expires_at, created_at, next_check_at)
     values ($1, $2, 'manual', $3, 25000000000, 'usd', now(), now(), now())`,
    [id, team.accountId, team.member.personId],
  );
  await creditPayment(pool, { topUpId: id, attempt: null, paymentIntentId: `pi_${id}` }, new Date());
  const [line] = await audit(team.accountId, team.tokens.owner, '?limit=1');
  expect(line).toMatchObject({
    actor: { kind: 'system', id: null, name: null },
    action: 'credit.top-up',
    after: { amount: '25.00', mode: 'manual', payer: { id: team.member.personId, name: 'Max Member' } },
  });
});

test('what an operator decides about a payment that was set aside is a line with the reason, whichever way', async () => {
  const team = await teamWithTokens();
  const { pool } = database;
  const actor: Actor = { kind: 'operator', id: uuidv7() };
  for (const resolution of ['credited', 'kept-out'] as const) {
    const topUpId = uuidv7();
    await pool.query(
      `insert into top_ups (id, account_id, mode, payer_id, amount, currency, expires_at, created_at, next_check_at)
       values ($1, $2, 'manual', $3, 25000000000, 'usd', now(), now(), now())`,
      [topUpId, team.accountId, team.member.personId],
    );
    await pool.query(`select quarantine_payment($1, $2, 'amount', 2400, 'usd', '{}', now())`, [
      `pi_${topUpId}`,
      topUpId,
    ]);
    const decision = {
      reason: `${resolution} on request`,
      operator: 'Olaf',
      accountId: null,
      commandId: uuidv7(),
    };
    const before = await lineCount();
    for (let times = 0; times < 2; times++)
      await resolveQuarantine(
        pool,
        { ...decision, paymentIntentId: `pi_${topUpId}`, resolution },
        actor,
        new Date(),
      );
    expect((await lineCount()) - before).toBe(1);
  }
  expect(await audit(team.accountId, team.tokens.owner, '?limit=2')).toMatchObject([
    {
      action: 'payment.kept-out',
      actor: { kind: 'operator' },
      reason: 'kept-out on request',
      after: { amount: '24.00' },
    },
    {
      action: 'credit.top-up',
      actor: { kind: 'operator' },
      reason: 'credited on request',
      after: { amount: '24.00' },
    },
  ]);
});

test('filters and pages: by action or its beginning, actor, subject and time', async () => {
  const team = await teamWithTokens();
  for (const amount of ['1.00', '2.00', '3.00']) await give('grants', team.accountId, amount);
  await give('adjustments', team.accountId, '4.00');
  const read = (query: string) => audit(team.accountId, team.tokens.owner, query);
  const actions = async (query: string) => (await read(query)).map(({ action }) => action);
  expect(await actions('?action=credit.grant')).toHaveLength(3);
  expect(await actions('?action=credit.')).toHaveLength(4);
  expect(await actions('?action=member.')).toEqual(['member.joined', 'member.joined', 'member.joined']);
  expect(await actions(`?subjectId=${team.admin.personId}`)).toEqual(['member.joined']);
  expect(await actions(`?actorId=${team.admin.personId}`)).toEqual([]);
  expect(await actions(`?to=2020-01-01`)).toEqual([]);
  expect(await actions(`?from=2020-01-01&action=credit.`)).toHaveLength(4);
  const all = await read('');
  const pages: Line[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const page: { items: Line[]; nextCursor: string | null } = (
      await api.json('GET', `/v1/accounts/${team.accountId}/audit?limit=2${cursor}`, {
        token: team.tokens.owner,
      })
    ).body;
    pages.push(...page.items);
    cursor = page.nextCursor === null ? null : `&cursor=${page.nextCursor}`;
  }
  expect(pages).toEqual(all);
  for (const bad of [
    '?action=credit',
    '?action=%25',
    '?actorId=me',
    '?cursor=x',
    '?colour=red',
    '?limit=0',
  ]) {
    const { status } = await api.json('GET', `/v1/accounts/${team.accountId}/audit${bad}`, {
      token: team.tokens.owner,
    });
    expect([bad, status]).toEqual([bad, 400]);
  }
});

test('as CSV it is all of it, and nothing in it runs as a formula', async () => {
  const team = await teamWithTokens();
  await give('grants', team.accountId, '5.00');
  const answer = await api.call('GET', `/v1/accounts/${team.accountId}/audit`, {
    token: team.tokens.owner,
    headers: { accept: 'text/csv' },
  });
  expect(answer.headers.get('content-type')).toContain('text/csv');
  const rows: Record<string, string>[] = parse(await answer.text(), { columns: true });
  const lines = await audit(team.accountId, team.tokens.owner);
  expect(rows.map(({ id }) => id)).toEqual(lines.map(({ id }) => id));
  expect(rows[0]).toMatchObject({
    actorName: "'=Olaf at support",
    action: 'credit.grant',
    after: '{"amount":"5.00"}',
    address: '',
  });
  const everything = await api.call('GET', '/v1/operator/audit', {
    token: operator,
    headers: { accept: 'text/csv' },
  });
  const all: Record<string, string>[] = parse(await everything.text(), { columns: true });
  expect(all).toHaveLength(await lineCount());
  expect(all.some(({ accountId }) => accountId === team.accountId)).toBe(true);
});

test('owners and admins read it, members get 403, outsiders 404; operators read everything', async () => {
  const team = await teamWithTokens();
  const statusFor = async (accountId: string, token: string) =>
    (await api.json('GET', `/v1/accounts/${accountId}/audit`, { token })).status;
  expect(await statusFor(team.accountId, team.tokens.owner)).toBe(200);
  expect(await statusFor(team.accountId, team.tokens.admin)).toBe(200);
  expect(await statusFor(team.accountId, team.tokens.member)).toBe(403);
  expect(await statusFor(team.accountId, team.tokens.outsider)).toBe(404);
  expect(await statusFor(team.member.accountId, team.tokens.member)).toBe(200);
  expect(await statusFor(team.member.accountId, team.tokens.owner)).toBe(404);
  expect(await statusFor(team.accountId, operator)).toBe(200);
  expect((await api.json('GET', '/v1/operator/audit', { token: team.tokens.owner })).status).toBe(403);
  const money = await createOperator(database.pool, 'money alone', ['money']);
  expect((await api.json('GET', '/v1/operator/audit', { token: money })).status).toBe(403);
});

test('a line of the past keeps the name of its time', async () => {
  const team = await teamWithTokens();
  const { pool } = database;
  const actor: Actor = { kind: 'person', id: team.owner.personId };
  await withActing(pool, actor, new Date(), (connection) =>
    connection.query(`update auth.members set role = 'admin' where person_id = $1`, [team.member.personId]),
  );
  await withActing(pool, SYSTEM, new Date(Date.now() + 1_000), async (connection) => {
    await connection.query(`update auth.people set name = 'Olga Other' where id = $1`, [team.owner.personId]);
    await connection.query(`update auth.people set name = 'Max Other' where id = $1`, [team.member.personId]);
    await connection.query(`update auth.organizations set name = 'Other' where id = $1`, [
      team.organizationId,
    ]);
  });
  const [renamed, changed] = await audit(team.accountId, team.tokens.owner, '?limit=2');
  expect(changed).toMatchObject({
    actor: { name: 'Olga Owner' },
    action: 'member.role-changed',
    subject: { kind: 'member', id: team.member.personId, name: 'Max Member' },
    before: { role: 'member' },
    after: { role: 'admin' },
  });
  expect(renamed).toMatchObject({
    action: 'organization.renamed',
    before: { name: 'Acme' },
    after: { name: 'Other' },
  });
});

test('nobody changes, deletes or truncates a line', async () => {
  await createTeam(database.pool);
  for (const change of [
    `update audit_lines set reason = 'another'`,
    'delete from audit_lines',
    'truncate audit_lines',
  ])
    await expect(database.pool.query(change)).rejects.toMatchObject({ constraint: 'record-immutable' });
});

test('no line holds a payment method, a customer, an e-mail address, or an amount that is not shown in dollars', async () => {
  const { rows } = await database.pool.query<{ line: string }>(
    `select concat_ws(' ', action, before, after, reason) as line from audit_lines`,
  );
  expect(rows.length).toBeGreaterThan(30);
  // an id may hold any four digits
  const withoutIds = rows.map(({ line }) =>
    line.replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, ''),
  );
  for (const line of withoutIds) expect(line).not.toMatch(/pm_|cus_|cs_|4242|visa|fingerprint|@/);
  const answer = await api.call('GET', '/v1/operator/audit?limit=500', { token: operator });
  expect(await answer.text()).not.toMatch(/"-?\d{7,}"/);
});
