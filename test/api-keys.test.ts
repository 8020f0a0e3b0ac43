// API keys: shown once, kept as hashes; made, listed and revoked by those who may.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { revokeApiKey } from '../ledger/api-keys.ts';
import { listen, type Notifications } from '../ledger/notifications.ts';
import { hashSecret, recognisedPrefix, secretKind } from '../ledger/secrets.ts';
import { apiKeyCalls, type Who } from './support/api-key-calls.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { createGatewayToken, createKey, createOperatorToken, createTeam } from './support/people.ts';
import { type PeopleApi, startPeopleApi } from './support/people-api.ts';
import { untilHolds } from './support/soak.ts';

let database: TestDatabase;
let api: PeopleApi;
let notifications: Notifications;
let now = new Date('2026-03-01T12:00:00Z');

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startPeopleApi(database, () => now);
  notifications = await listen(database.url, ['api_keys']);
});

afterAll(async () => {
  await notifications.close();
  await api.close();
  await database.drop();
});

const { create, list, revoke, rotate, revokedOf } = apiKeyCalls(() => ({ api, pool: database.pool }));

test('the secret of a key is shown once and kept only as its SHA-256', async () => {
  const team = await createTeam(database.pool);
  const made = await create(team, 'member', { name: 'laptop', expiresAt: '2026-12-31T00:00:00+01:00' });
  expect(made.status).toBe(201);
  const { secret, ...shown } = made.body;
  expect(secretKind(secret)).toBe('test');
  expect(shown).toEqual({
    id: expect.any(String),
    name: 'laptop',
    prefix: recognisedPrefix(secret),
    member: { id: team.member.personId, name: 'Max Member' },
    state: 'active',
    createdAt: now.toISOString(),
    expiresAt: '2026-12-30T23:00:00.000Z',
    revokedAt: null,
    rotatedAt: null,
    replacedSecretsEndAt: null,
    lastUsedAt: null,
    spentThisMonth: '0.00',
  });
  expect((await list(team, 'member')).body).toEqual({ items: [shown], nextCursor: null });
  const { rows } = await database.pool.query(
    'select * from api_keys k join api_key_secrets s on s.api_key_id = k.id where k.id = $1',
    [shown.id],
  );
  expect(rows[0].hash).toEqual(hashSecret(secret));
  expect(JSON.stringify(rows)).not.toContain(secret.slice(-20));
});

test('members see and revoke their own keys, owners and admins those of all', async () => {
  const team = await createTeam(database.pool);
  const keys = {
    owner: (await create(team, 'owner')).body.id,
    admin: (await create(team, 'admin')).body.id,
    member: (await create(team, 'member')).body.id,
  };
  const seen = async (who: Who) => (await list(team, who)).body.items.map(({ id }: { id: string }) => id);
  expect(await seen('member')).toEqual([keys.member]);
  expect(await seen('admin')).toEqual([keys.member, keys.admin, keys.owner]);
  expect(await seen('owner')).toEqual([keys.member, keys.admin, keys.owner]);

  expect((await revoke(team, 'member', keys.owner)).status).toBe(404);
  expect((await revoke(team, 'outsider', keys.owner)).status).toBe(404);
  expect((await revoke(team, 'owner', team.accountId)).status).toBe(404);
  expect((await revoke(team, 'owner', 'not-an-id')).status).toBe(404);
  expect(await revokedOf(team)).toEqual([]);
  expect((await revoke(team, 'admin', keys.owner)).body).toMatchObject({ id: keys.owner, state: 'revoked' });
  expect((await revoke(team, 'member', keys.member)).status).toBe(200);
  expect(await revokedOf(team)).toEqual([keys.owner, keys.member].sort());
});

test('a key reaches no further than its account: from another one it cannot be revoked', async () => {
  const [team, other] = [await createTeam(database.pool), await createTeam(database.pool)];
  const { apiKeyId } = await createKey(database.pool, {
    accountId: team.accountId,
    memberId: team.member.personId,
  });
  expect((await revoke(other, 'owner', apiKeyId)).status).toBe(404);
  expect(await revokedOf(team)).toEqual([]);
});

test('outsiders and services get nothing of an organization’s keys', async () => {
  const team = await createTeam(database.pool);
  const path = `/v1/accounts/${team.accountId}/api-keys`;
  expect((await list(team, 'outsider')).status).toBe(404);
  expect((await create(team, 'outsider')).status).toBe(404);
  expect((await api.call('GET', path)).status).toBe(401);
  for (const as of [await createGatewayToken(database.pool), await createOperatorToken(database.pool)]) {
    expect((await api.call('GET', path, { as })).status).toBe(403);
    expect((await api.call('POST', path, { as, body: { name: 'x' } })).status).toBe(403);
  }
});

test('a personal account has keys of its person', async () => {
  const { outsider } = await createTeam(database.pool);
  const path = `/v1/accounts/${outsider.accountId}/api-keys`;
  const made = await api.call('POST', path, { as: outsider.personId, body: { name: 'mine' } });
  expect(made).toMatchObject({ status: 201, body: { member: { id: outsider.personId } } });
});

test('the database lets no key be made without a member, nor on a closed account, nor changed afterwards', async () => {
  const { pool } = database;
  const team = await createTeam(pool);
  const of = (accountId: string, memberId: string) => createKey(pool, { accountId, memberId });
  await expect(of(team.accountId, team.outsider.personId)).rejects.toMatchObject({
    code: 'account-not-found',
  });
  await expect(of(team.member.accountId, team.owner.personId)).rejects.toMatchObject({
    code: 'account-not-found',
  });
  const { apiKeyId } = await of(team.accountId, team.member.personId);
  const change = (set: string) => pool.query(`update api_keys set ${set} where id = $1`, [apiKeyId]);
  const immutable = { constraint: 'record-immutable' };
  await expect(change(`account_id = '${team.member.accountId}'`)).rejects.toMatchObject(immutable);
  await expect(change(`member_id = '${team.owner.personId}'`)).rejects.toMatchObject(immutable);
  const secrets = `update api_key_secrets set hash = sha256('x') where api_key_id = '${apiKeyId}'`;
  await expect(pool.query(secrets)).rejects.toMatchObject(immutable);
  await expect(pool.query('delete from api_keys where id = $1', [apiKeyId])).rejects.toMatchObject(immutable);
  await change('revoked_at = now()');
  await expect(change('revoked_at = null')).rejects.toMatchObject(immutable);
  await pool.query(`update account_balances set state = 'closed' where account_id = $1`, [team.accountId]);
  await expect(of(team.accountId, team.member.personId)).rejects.toMatchObject({ code: 'account-closed' });
});

test('a revocation is announced to every process, and a second one changes nothing', async () => {
  const team = await createTeam(database.pool);
  const { apiKeyId } = await createKey(database.pool, {
    accountId: team.accountId,
    memberId: team.member.personId,
  });
  const heard: (string | undefined)[] = [];
  notifications.on('api_keys', (payload) => heard.push(payload));
  const first = await revoke(team, 'member', apiKeyId);
  await untilHolds(() => expect(heard).toContain(apiKeyId));
  now = new Date(now.getTime() + 60_000);
  const again = await revoke(team, 'owner', apiKeyId);
  expect(again.body).toEqual(first.body);
});

test('keys come in pages without gap or repetition', async () => {
  const team = await createTeam(database.pool);
  for (let n = 0; n < 5; n++) await create(team, 'owner', { name: `key ${n}` });
  const names: string[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const page = await list(team, 'owner', `?limit=2${cursor && `&cursor=${cursor}`}`);
    expect(page.status).toBe(200);
    names.push(...page.body.items.map(({ name }: { name: string }) => name));
    cursor = page.body.nextCursor;
  }
  expect(names).toEqual(['key 4', 'key 3', 'key 2', 'key 1', 'key 0']);
});

test.each<[string, unknown]>([
  ['no name', {}],
  ['an empty name', { name: '  ' }],
  ['a name of 10,000 characters', { name: 'x'.repeat(10_000) }],
  ['a control character', { name: 'a\u0007' }],
  ['characters that nobody sees', { name: '\u200b\u3164\u2060' }],
  ['a NUL', { name: 'a\u0000' }],
  ['an unknown field', { name: 'x', accountId: 'y' }],
  ['an expiry that is over', { name: 'x', expiresAt: '2020-01-01T00:00:00Z' }],
  ['an expiry that is no time', { name: 'x', expiresAt: 'tomorrow' }],
])('a key with %s is refused and nothing is stored', async (_what, body) => {
  const team = await createTeam(database.pool);
  expect(await create(team, 'member', body)).toMatchObject({
    status: 400,
    body: { code: 'request-invalid' },
  });
  expect((await list(team, 'owner')).body.items).toEqual([]);
});

test.each(['👩‍👩‍👧', 'क्‍ष', '名前', '-'])('a key may be called %s', async (name) => {
  const team = await createTeam(database.pool);
  expect((await create(team, 'member', { name })).body.name).toBe(name);
});

test('a key that ran out is shown as expired', async () => {
  const team = await createTeam(database.pool);
  await create(team, 'member', { name: 'short', expiresAt: new Date(now.getTime() + 1_000).toISOString() });
  now = new Date(now.getTime() + 1_000);
  expect((await list(team, 'member')).body.items[0].state).toBe('expired');
});

test('a key is revoked once however many try at the same moment', async () => {
  const team = await createTeam(database.pool);
  const { apiKeyId: id } = await createKey(database.pool, {
    accountId: team.accountId,
    memberId: team.member.personId,
  });
  const attempts = [team.owner, team.admin, team.member].map(({ personId }, index) =>
    revokeApiKey(database.pool, {
      id,
      accountId: team.accountId,
      memberId: undefined,
      actor: { kind: 'person', id: personId },
      now: new Date(now.getTime() + index),
    }),
  );
  const times = (await Promise.all(attempts)).map((key) => key?.revokedAt?.getTime());
  expect(new Set(times).size).toBe(1);
});

test('the list is filtered by member and state, and a member’s filter reaches no further than their own', async () => {
  const team = await createTeam(database.pool);
  const own = (await create(team, 'member')).body.id;
  const others = (await create(team, 'owner')).body.id;
  const gone = (await create(team, 'owner')).body.id;
  await revoke(team, 'owner', gone);
  const seen = async (who: Who, query: string) =>
    (await list(team, who, query)).body.items.map(({ id }: { id: string }) => id);
  expect(await seen('owner', `?memberId=${team.owner.personId}`)).toEqual([gone, others]);
  expect(await seen('owner', '?state=revoked')).toEqual([gone]);
  expect(await seen('owner', '?state=active')).toEqual([others, own]);
  expect(await seen('member', '?state=active')).toEqual([own]);
  expect(await seen('member', `?memberId=${team.owner.personId}`)).toEqual([]);
  expect((await list(team, 'owner', '?state=lost')).status).toBe(400);
});

test('under one Idempotency-Key one key is made, and its secret is not shown again', async () => {
  const team = await createTeam(database.pool);
  const headers = { 'idempotency-key': 'make-one' };
  const path = `/v1/accounts/${team.accountId}/api-keys`;
  const send = (body: unknown) => api.call('POST', path, { as: team.member.personId, body, headers });
  const first = await send({ name: 'once' });
  const again = await send({ name: 'once' });
  expect(first.status).toBe(201);
  expect(again).toMatchObject({ status: 201, body: { ...first.body, secret: null } });
  expect(await send({ name: 'other' })).toMatchObject({
    status: 422,
    body: { code: 'idempotency-key-reused' },
  });
  expect((await list(team, 'member')).body.items).toHaveLength(1);
  const { rows } = await database.pool.query('select body::text from idempotency_keys');
  expect(JSON.stringify(rows)).not.toContain(first.body.secret.slice(-20));
});

test('a request that died after its key was made names that key when it is repeated, without a secret', async () => {
  const team = await createTeam(database.pool);
  const path = `/v1/accounts/${team.accountId}/api-keys`;
  const headers = { 'idempotency-key': 'dies' };
  const send = () => api.call('POST', path, { as: team.member.personId, body: { name: 'once' }, headers });
  const first = await send();
  // as a process leaves it that is killed between its commit and its answer
  await database.pool.query(
    `update idempotency_keys set status = null, headers = null, body = null, claimed_at = claimed_at - interval '2 minutes'
     where caller = $1`,
    [team.member.personId],
  );
  expect(await send()).toMatchObject({ status: 201, body: { ...first.body, secret: null } });
  expect((await list(team, 'member')).body.items).toHaveLength(1);
  expect((await rotate(team, 'member', first.body.id)).status).toBe(200);
});
