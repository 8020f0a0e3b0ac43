// Operators: freezing stops charges, prices are imported by the code of the command, and every act is in the audit.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { startTestApi, type TestApi } from './support/api.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { createOperator } from './support/operators.ts';
import { createTeam, createTestAuth, signIn } from './support/people.ts';
import { post } from './support/reading-usage.ts';
import { createSponsoredTeam } from './support/sponsored-team.ts';

let database: TestDatabase;
let api: TestApi;
let operators: Record<'read' | 'money' | 'prices', string>;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startTestApi(database);
  operators = {
    read: await createOperator(database.pool, 'Rita at support', ['read']),
    money: await createOperator(database.pool, 'Mona in finance', ['money']),
    prices: await createOperator(database.pool, 'Petra in pricing', ['prices']),
  };
});

afterAll(async () => {
  await api.close();
  await database.drop();
});

const freeze = (accountId: string, verb: 'freeze' | 'unfreeze', token = operators.money, reason = 'fraud?') =>
  api.json('POST', `/v1/operator/accounts/${accountId}/${verb}`, { token, body: { reason } });

const begin = async (topUpId: string): Promise<string> => {
  const { rows } = await database.pool.query<{ step: string }>('select step from begin_attempt($1, now())', [
    topUpId,
  ]);
  return rows[0]?.step ?? '';
};

test('a frozen account says so to its members, and freezing it again changes nothing', async () => {
  const team = await createTeam(database.pool);
  expect(await freeze(team.accountId, 'freeze')).toMatchObject({ status: 200, body: { state: 'frozen' } });
  expect(await freeze(team.accountId, 'freeze')).toMatchObject({ status: 200, body: { state: 'frozen' } });
  const token = await signIn(createTestAuth(database.pool), team.member.personId);
  expect((await api.json('GET', `/v1/accounts/${team.accountId}`, { token })).body.state).toBe('frozen');
  expect((await freeze(team.accountId, 'unfreeze')).body.state).toBe('ok');
  expect((await freeze(team.accountId, 'unfreeze')).body.state).toBe('ok');
  const { rows } = await database.pool.query(
    `select action, reason, before, after from audit_lines where account_id = $1 and subject_kind = 'account'
     order by position`,
    [team.accountId],
  );
  expect(rows).toEqual([
    {
      action: 'account.frozen',
      reason: 'fraud?',
      before: { state: 'open' },
      after: { state: 'frozen', balance: '0' },
    },
    {
      action: 'account.unfrozen',
      reason: 'fraud?',
      before: { state: 'frozen' },
      after: { state: 'open', balance: '0' },
    },
  ]);
});

test('on a frozen account no charge begins: the top-up that waited is over, and none is decided until it is open again', async () => {
  const { pool } = database;
  const { team, topUpId } = await createSponsoredTeam(pool);
  await freeze(team.accountId, 'freeze');
  expect(await begin(topUpId)).toBe('over');
  await post(pool, team.accountId);
  const topUps = () =>
    pool.query('select state, reason from top_ups where account_id = $1 order by id', [team.accountId]);
  expect((await topUps()).rows).toEqual([{ state: 'not-completed', reason: 'account-frozen' }]);
  const { rows } = await pool.query('select decision, reason from auto_top_up_rules where account_id = $1', [
    team.accountId,
  ]);
  expect(rows).toEqual([{ decision: 'skipped', reason: 'account-frozen' }]);
  await freeze(team.accountId, 'unfreeze');
  await post(pool, team.accountId);
  expect((await topUps()).rows).toMatchObject([{ state: 'not-completed' }, { state: 'open' }]);
});

test('a member cannot add credit to a frozen account', async () => {
  const team = await createTeam(database.pool);
  await freeze(team.accountId, 'freeze');
  const token = await signIn(createTestAuth(database.pool), team.member.personId);
  const answer = await api.json('POST', `/v1/accounts/${team.accountId}/top-ups`, {
    token,
    headers: { 'idempotency-key': uuidv7() },
    body: { amount: '25.00' },
  });
  expect([answer.status, answer.body.code]).toEqual([409, 'account-frozen']);
});

test.each([
  ['an account that is none', '0199e0a0-0000-7000-8000-000000000000', {}, 404, 'account-not-found'],
  ['an id that is none', 'nonsense', {}, 404, 'account-not-found'],
  ['no reason', 'own', { reason: ' ' }, 400, 'request-invalid'],
  ['a token without the scope', 'own', { token: 'read' as const }, 403, 'forbidden'],
])('freezing with %s is refused', async (_, id, more, status, code) => {
  const { accountId } = await createTeam(database.pool);
  const { token = 'money', reason = 'because' } = { token: undefined, reason: undefined, ...more };
  const answer = await freeze(id === 'own' ? accountId : id, 'freeze', operators[token], reason);
  expect([answer.status, answer.body.code]).toEqual([status, code]);
});

test('what operators look after: frozen, closed with what is left, and below zero', async () => {
  const { pool } = database;
  const [frozen, closed, overdrawn] = [
    await createTeam(pool),
    await createTeam(pool),
    await createTeam(pool),
  ];
  await freeze(frozen.accountId, 'freeze');
  const adjust = (accountId: string, amount: string) =>
    api.json('POST', `/v1/operator/accounts/${accountId}/adjustments`, {
      token: operators.money,
      headers: { 'idempotency-key': uuidv7() },
      body: { amount, reason: 'so it is' },
    });
  await adjust(closed.accountId, '7.50');
  await pool.query(`update account_balances set state = 'closed' where account_id = $1`, [closed.accountId]);
  expect((await freeze(closed.accountId, 'freeze')).body.code).toBe('account-closed');
  await adjust(overdrawn.accountId, '-3.00');
  const list = async (state: string) =>
    (await api.json('GET', `/v1/operator/accounts?state=${state}&limit=500`, { token: operators.read })).body
      .items;
  const ids = async (state: string) => (await list(state)).map(({ id }: { id: string }) => id);
  expect(await ids('frozen')).toContain(frozen.accountId);
  expect(await list('closed')).toMatchObject([{ id: closed.accountId, state: 'closed', balance: '7.50' }]);
  // at once, and still after the posting
  expect(await ids('overdrawn')).toEqual([overdrawn.accountId]);
  await post(pool, overdrawn.accountId);
  expect(await ids('overdrawn')).toEqual([overdrawn.accountId]);
  await adjust(overdrawn.accountId, '4.00');
  expect(await ids('overdrawn')).toEqual([]);
});

test('an operator sees of an account its members, rule and decisions, and never its card', async () => {
  const { team, topUpId } = await createSponsoredTeam(database.pool);
  const path = `/v1/operator/accounts/${team.accountId}`;
  const { status, body } = await api.json('GET', path, { token: operators.read });
  expect(status).toBe(200);
  expect(body).toMatchObject({
    account: { id: team.accountId, state: 'topping_up' },
    members: [
      { id: team.owner.personId, email: team.owner.email, role: 'owner' },
      { id: team.admin.personId, role: 'admin' },
      { id: team.member.personId, role: 'member' },
    ],
    rule: { sponsor: { id: team.owner.personId }, threshold: '10.00', amount: '20.00', state: 'enabled' },
    decisions: [{ decision: 'charge', amount: '20.00', topUpId }],
    openTopUps: [{ id: topUpId, mode: 'auto', state: 'open', amount: '20.00' }],
  });
  expect(JSON.stringify(body)).not.toMatch(/pm_|4242|visa|cus_/);
  const own = await api.json('GET', `/v1/operator/accounts/${team.owner.accountId}`, {
    token: operators.read,
  });
  expect(own.body).toMatchObject({ email: team.owner.email, members: [], rule: null });
  expect((await api.json('GET', `${path}0`, { token: operators.read })).status).toBe(404);
});

test('a price list is looked at, imported once, and leaves one line in the audit of the deployment', async () => {
  const list = (input: string) =>
    `{"swift": {"input_cost_per_token": ${input}, "output_cost_per_token": 8e-06}, "broken": {}}`;
  const send = (path: string, body: string, token = operators.prices) =>
    api.json('POST', path, { token, body });
  const preview = await send('/v1/operator/prices/preview', list('2.9999900000000002e-06'));
  expect(preview.body).toMatchObject({
    newPrices: 1,
    changedPrices: 0,
    changes: [{ model: 'swift', kind: 'new', before: null, after: { standard: { input: '2.99999' } } }],
    leftOut: [{ model: 'broken' }],
  });
  expect((await api.json('GET', '/v1/prices')).body.items).toEqual([]);
  const imported = await send('/v1/operator/prices?source=list-1.json', list('2.9999900000000002e-06'));
  expect(imported).toMatchObject({ status: 200, body: { newPrices: 1 } });
  expect((await api.json('GET', '/v1/prices')).body.items).toMatchObject([{ model: 'swift' }]);
  await send('/v1/operator/prices?source=list-1.json', list('2.99999e-06'));
  const changed = await send('/v1/operator/prices?source=list-2.json', list('1e-06'));
  expect(changed.body).toMatchObject({ changedPrices: 1, changes: [{ before: {}, after: {} }] });
  const { body } = await api.json('GET', '/v1/operator/audit?action=prices.', { token: operators.read });
  expect(body.items).toMatchObject([
    {
      actor: { kind: 'operator', name: 'Petra in pricing' },
      subject: { kind: 'price-list', id: 'list-2.json' },
      after: { newPrices: 0, changed: ['swift'] },
      accountId: null,
    },
    { subject: { id: 'list-1.json' }, after: { newPrices: 1, changed: [] } },
  ]);
});

test.each([
  ['text that is no JSON', 'nonsense', 400, 'price-list-malformed'],
  ['an array', '[]', 400, 'price-list-malformed'],
  ['nothing', undefined, 400, 'request-invalid'],
  ['more than four megabytes', `{"a":"${'x'.repeat(4_200_000)}"}`, 413, 'body-too-large'],
])('a price list that is %s is refused', async (_, body, status, code) => {
  const answer = await api.json('POST', '/v1/operator/prices', { token: operators.prices, body });
  expect([answer.status, answer.body.code]).toEqual([status, code]);
  const other = await api.json('POST', '/v1/operator/prices', { token: operators.money, body: '{}' });
  expect([other.status, other.body.code]).toEqual([403, 'forbidden']);
});

test('a changed price begins five minutes ahead at least', async () => {
  const answer = await api.json('POST', `/v1/operator/prices?effectiveFrom=${new Date().toISOString()}`, {
    token: operators.prices,
    body: '{"swift": {"input_cost_per_token": 5e-06, "output_cost_per_token": 8e-06}}',
  });
  expect([answer.status, answer.body.code]).toEqual([409, 'price-not-ahead']);
});

test('how often an account may be charged is read and set by operators, with a reason, and on record', async () => {
  const path = '/v1/operator/charge-limit';
  const read = async () => (await api.json('GET', path, { token: operators.read })).body;
  expect(await read()).toEqual({ times: 2, withinSeconds: 600 });
  const body = { times: 4, withinSeconds: 900, reason: 'a busy season' };
  expect((await api.json('PUT', path, { token: operators.read, body })).status).toBe(403);
  for (let times = 0; times < 2; times += 1)
    expect(await api.json('PUT', path, { token: operators.money, body })).toMatchObject({
      status: 200,
      body: { times: 4, withinSeconds: 900 },
    });
  expect(await read()).toEqual({ times: 4, withinSeconds: 900 });
  const audit = await api.json('GET', '/v1/operator/audit?action=charge-limit.changed', {
    token: operators.read,
  });
  expect(audit.body.items).toMatchObject([
    {
      actor: { kind: 'operator', name: 'Mona in finance' },
      before: { times: 2, withinSeconds: 600 },
      after: { times: 4, withinSeconds: 900 },
      reason: 'a busy season',
    },
  ]);
  for (const wrong of [
    { times: 0 },
    { times: 1.5 },
    { withinSeconds: 59 },
    { withinSeconds: 86_401 },
    { reason: ' ' },
  ])
    expect(
      (await api.json('PUT', path, { token: operators.money, body: { ...body, ...wrong } })).status,
    ).toBe(400);
});
