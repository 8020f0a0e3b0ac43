// API keys and service tokens: shown once, kept as hashes, made and revoked by those who may, forgotten at once.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { revokeApiKey } from '../ledger/api-keys.ts';
import { listen, type Notifications } from '../ledger/notifications.ts';
import { createSecret, hashSecret, recognisedPrefix, secretKind } from '../ledger/secrets.ts';
import { createServiceToken, revokeServiceToken } from '../ledger/service-tokens.ts';
import { type ServiceTokens, serviceTokens } from '../ledger/token-directory.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import {
  createGatewayToken,
  createKey,
  createOperatorToken,
  createTeam,
  type TestOrganization,
} from './support/people.ts';
import { type PeopleApi, startPeopleApi } from './support/people-api.ts';

let database: TestDatabase;
let api: PeopleApi;
let notifications: Notifications;
let tokens: ServiceTokens;
let now = new Date('2026-03-01T12:00:00Z');

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startPeopleApi(database, () => now);
  notifications = await listen(database.url, ['api_keys', 'service_tokens']);
  tokens = serviceTokens(database.pool, () => now, notifications);
});

afterAll(async () => {
  await notifications.close();
  await api.close();
  await database.drop();
});

test.each(['live', 'test', 'gateway', 'operator'] as const)('a %s secret says what it is', (kind) => {
  const secret = createSecret(kind);
  expect(secret).toMatch(new RegExp(`^cof_${kind}_[0-9A-Za-z]{49}$`));
  expect(secretKind(secret)).toBe(kind);
  expect(recognisedPrefix(secret)).toBe(secret.slice(0, `cof_${kind}_`.length + 6));
  expect(createSecret(kind)).not.toBe(secret);
});

test('a secret with one wrong character is refused without a lookup', () => {
  const characters = [...'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'];
  fc.assert(
    fc.property(fc.nat({ max: 48 }), fc.constantFrom(...characters), (place, character) => {
      const secret = createSecret('live');
      const at = 'cof_live_'.length + place;
      fc.pre(secret[at] !== character);
      expect(secretKind(secret.slice(0, at) + character + secret.slice(at + 1))).toBeUndefined();
    }),
  );
});

test.each([
  '',
  'cof_live_',
  'cof_admin_'.padEnd(60, 'a'),
  `${createSecret('live')}x`,
  ` ${createSecret('live')}`,
])('%p is no secret', (text) => expect(secretKind(text)).toBeUndefined());

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
  await eventually(() => expect(heard).toContain(apiKeyId));
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

test('a key that ran out is shown as expired', async () => {
  const team = await createTeam(database.pool);
  await create(team, 'member', { name: 'short', expiresAt: new Date(now.getTime() + 1_000).toISOString() });
  now = new Date(now.getTime() + 1_000);
  expect((await list(team, 'member')).body.items[0].state).toBe('expired');
});

test('a token is known by its secret, with its scopes, and the second time from memory', async () => {
  const gateway = await createGatewayToken(database.pool);
  expect(tokens.verifyCached(gateway)).toBeUndefined();
  expect(await tokens.verify(gateway)).toMatchObject({ kind: 'gateway', scopes: new Set(['usage']) });
  // its making is announced as well, and empties the memory once more
  await eventually(async () => {
    await tokens.verify(gateway);
    expect(tokens.verifyCached(gateway)?.kind).toBe('gateway');
  });
  const costly = await createGatewayToken(database.pool, ['usage', 'explicit-cost']);
  expect((await tokens.verify(costly))?.scopes.has('explicit-cost')).toBe(true);
  expect(await tokens.verify(createSecret('gateway'))).toBeUndefined();
  expect(await tokens.verify(createSecret('live'))).toBeUndefined();
  const foreign = createServiceToken(database.pool, { kind: 'gateway', name: 'x', scopes: ['money'], now });
  await expect(foreign).rejects.toThrow('no scope money');
});

test('a token is stored as its SHA-256 and not as itself', async () => {
  const secret = await createOperatorToken(database.pool);
  const { rows } = await database.pool.query('select * from service_tokens where token_hash = $1', [
    hashSecret(secret),
  ]);
  expect(rows).toHaveLength(1);
  expect(JSON.stringify(rows)).not.toContain(secret.slice(-20));
});

test('a revoked token is refused within a moment, in every process', async () => {
  const { id, secret } = await createServiceToken(database.pool, { kind: 'gateway', name: 'x', now });
  expect(await tokens.verify(secret)).toBeDefined();
  expect((await api.call('GET', '/v1/me', { as: secret })).status).toBe(403);
  expect(await revokeServiceToken(database.pool, id, now)).toBe(true);
  await eventually(async () => {
    expect(tokens.verifyCached(secret)).toBeUndefined();
    await expect(tokens.verify(secret)).rejects.toMatchObject({ code: 'token-revoked' });
    const answer = await api.call('GET', '/v1/me', { as: secret });
    expect(answer).toMatchObject({ status: 401, body: { code: 'token-revoked' } });
  });
  expect(await revokeServiceToken(database.pool, id, now)).toBe(false);
});

test('a token that ran out is refused, also from memory', async () => {
  const expiresAt = new Date(now.getTime() + 60_000);
  const { secret } = await createServiceToken(database.pool, { kind: 'operator', name: 'x', expiresAt, now });
  expect(await tokens.verify(secret)).toBeDefined();
  now = expiresAt;
  expect(tokens.verifyCached(secret)).toBeUndefined();
  await expect(tokens.verify(secret)).rejects.toMatchObject({ code: 'token-expired' });
});

test('a listener that loses its connection comes back and forgets what it may have missed', async () => {
  const secret = await createGatewayToken(database.pool);
  const own = await listen(database.url, ['service_tokens']);
  try {
    const memory = serviceTokens(database.pool, () => now, own);
    await memory.verify(secret);
    const heard: (string | undefined)[] = [];
    own.on('service_tokens', (payload) => heard.push(payload));
    await database.pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where application_name = 'coffer listener' and datname = current_database()`,
    );
    await eventually(() => expect(own.listening).toBe(false));
    await eventually(() => expect(own.listening).toBe(true));
    expect(heard).toEqual([undefined]);
    expect(memory.verifyCached(secret)).toBeUndefined();
    expect(await memory.verify(secret)).toBeDefined();
  } finally {
    await own.close();
  }
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

type Who = 'owner' | 'admin' | 'member' | 'outsider';

function create(team: TestOrganization, who: Who, body: unknown = { name: 'test key' }) {
  return api.call('POST', `/v1/accounts/${team.accountId}/api-keys`, { as: team[who].personId, body });
}

function list(team: TestOrganization, who: Who, query = '') {
  return api.call('GET', `/v1/accounts/${team.accountId}/api-keys${query}`, { as: team[who].personId });
}

function revoke(team: TestOrganization, who: Who, apiKeyId: string) {
  return api.call('DELETE', `/v1/accounts/${team.accountId}/api-keys/${apiKeyId}`, {
    as: team[who].personId,
  });
}

async function revokedOf(team: TestOrganization): Promise<string[]> {
  const { rows } = await database.pool.query<{ id: string }>(
    'select id from api_keys where account_id = $1 and revoked_at is not null order by id',
    [team.accountId],
  );
  return rows.map(({ id }) => id);
}

/** Announcements take a moment: asks again until it holds, for at most a second. */
async function eventually(check: () => unknown): Promise<void> {
  const deadline = performance.now() + 1_000;
  for (;;) {
    try {
      await check();
      return;
    } catch (e) {
      if (performance.now() > deadline) throw e;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}
