// API keys: shown once, kept as hashes; made, changed, rotated, handed over and revoked by those who may.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { withActing } from '../ledger/acting.ts';
import { revokeApiKey } from '../ledger/api-keys.ts';
import { listen, type Notifications } from '../ledger/notifications.ts';
import { createSecret, hashSecret, recognisedPrefix, secretKind } from '../ledger/secrets.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import {
  createGatewayToken,
  createKey,
  createOperatorToken,
  createOrganizationToken,
  createTeam,
  signIn,
  type TestOrganization,
} from './support/people.ts';
import { type PeopleApi, startPeopleApi } from './support/people-api.ts';

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

test('a rotated key stays the same key: new secret, and the old one works on for the grace that was chosen', async () => {
  const team = await createTeam(database.pool);
  const made = (await create(team, 'member')).body;
  const rotated = await rotate(team, 'member', made.id, { graceSeconds: 3_600 });
  expect(rotated.status).toBe(200);
  expect(secretKind(rotated.body.secret)).toBe('test');
  expect(rotated.body).toMatchObject({
    id: made.id,
    state: 'active',
    prefix: recognisedPrefix(rotated.body.secret),
    rotatedAt: now.toISOString(),
    replacedSecretsEndAt: new Date(now.getTime() + 3_600_000).toISOString(),
  });
  expect(await endsOf(made.id)).toEqual({
    [made.prefix]: new Date(now.getTime() + 3_600_000).toISOString(),
    [rotated.body.prefix]: null,
  });
});

test('a later rotation can only bring the end of older secrets nearer', async () => {
  const team = await createTeam(database.pool);
  const { id, prefix: first } = (await create(team, 'member')).body;
  const { prefix: second } = (await rotate(team, 'member', id, { graceSeconds: 60 })).body;
  const { prefix: third } = (await rotate(team, 'member', id)).body;
  const tomorrow = new Date(now.getTime() + 86_400_000).toISOString();
  const inAMinute = new Date(now.getTime() + 60_000).toISOString();
  expect(await endsOf(id)).toEqual({ [first]: inAMinute, [second]: tomorrow, [third]: null });
  const { prefix: fourth } = (await rotate(team, 'member', id, { graceSeconds: 0 })).body;
  const atOnce = now.toISOString();
  expect(await endsOf(id)).toEqual({ [first]: atOnce, [second]: atOnce, [third]: atOnce, [fourth]: null });
});

test('two rotations at the same moment leave one secret without an end', async () => {
  const team = await createTeam(database.pool);
  const { id } = (await create(team, 'member')).body;
  const answers = await Promise.all([1, 2, 3].map(() => rotate(team, 'member', id)));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(Object.values(await endsOf(id)).filter((end) => end === null)).toHaveLength(1);
});

test.each<[string, unknown]>([
  ['a negative grace', { graceSeconds: -1 }],
  ['a grace beyond 30 days', { graceSeconds: 30 * 86_400 + 1 }],
  ['half a second', { graceSeconds: 0.5 }],
  ['an unknown field', { grace: 1 }],
])('a rotation with %s is refused and nothing changes', async (_what, body) => {
  const team = await createTeam(database.pool);
  const { id, prefix } = (await create(team, 'member')).body;
  expect(await rotate(team, 'member', id, body)).toMatchObject({
    status: 400,
    body: { code: 'request-invalid' },
  });
  expect(await endsOf(id)).toEqual({ [prefix]: null });
});

test('a key gets another name or end, and history keeps the name it had', async () => {
  const team = await createTeam(database.pool);
  const { id } = (await create(team, 'member', { name: 'laptop' })).body;
  const before = now;
  now = new Date(now.getTime() + 60_000);
  const expiresAt = new Date(now.getTime() + 1_000).toISOString();
  expect((await change(team, 'member', id, { name: 'server', expiresAt })).body).toMatchObject({
    name: 'server',
    expiresAt,
  });
  expect((await change(team, 'admin', id, { expiresAt: null })).body).toMatchObject({
    name: 'server',
    expiresAt: null,
  });
  const { rows } = await database.pool.query('select name_at($1, $2) as name', [id, before]);
  expect(rows[0].name).toBe('laptop');
});

test.each<[string, unknown]>([
  ['nothing', {}],
  ['an end that is over', { expiresAt: '2020-01-01T00:00:00Z' }],
  ['an empty name', { name: ' ' }],
  ['a name that turns the text around', { name: 'a\u202eb' }],
  ['an unknown field', { revokedAt: null }],
])('a change to %s is refused', async (_what, body) => {
  const team = await createTeam(database.pool);
  const made = (await create(team, 'member')).body;
  expect(await change(team, 'member', made.id, body)).toMatchObject({
    status: 400,
    body: { code: 'request-invalid' },
  });
  expect((await read(team, 'member', made.id)).body.name).toBe(made.name);
});

test('a revoked key is neither changed nor rotated nor handed over, an expired one only given another end', async () => {
  const team = await createTeam(database.pool);
  const inactive = { status: 409, body: { code: 'api-key-inactive' } };
  const revoked = (await create(team, 'owner')).body.id;
  await revoke(team, 'owner', revoked);
  expect(await change(team, 'owner', revoked, { name: 'x' })).toMatchObject(inactive);
  expect(await rotate(team, 'owner', revoked)).toMatchObject(inactive);
  expect(await handOver(team, 'owner', revoked, team.member.personId)).toMatchObject(inactive);
  const expiresAt = new Date(now.getTime() + 1_000).toISOString();
  const expired = (await create(team, 'owner', { name: 'x', expiresAt })).body.id;
  now = new Date(now.getTime() + 1_000);
  expect(await rotate(team, 'owner', expired)).toMatchObject(inactive);
  expect(await handOver(team, 'owner', expired, team.member.personId)).toMatchObject(inactive);
  expect((await change(team, 'owner', expired, { expiresAt: null })).body.state).toBe('active');
});

test('members reach their own keys only, whatever they want to do to another one', async () => {
  const team = await createTeam(database.pool);
  const { id } = (await create(team, 'owner')).body;
  for (const answer of [
    await read(team, 'member', id),
    await change(team, 'member', id, { name: 'mine' }),
    await rotate(team, 'member', id),
    await revoke(team, 'member', id),
  ]) {
    expect(answer).toMatchObject({ status: 404, body: { code: 'not-found' } });
  }
  expect((await handOver(team, 'member', id, team.member.personId)).status).toBe(403);
  expect((await read(team, 'owner', id)).body).toMatchObject({
    state: 'active',
    name: 'test key',
    rotatedAt: null,
  });
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

test('every change of a key leaves one line in the audit, with who, before and after, and never a secret', async () => {
  const team = await createTeam(database.pool);
  const { owner, member, admin } = team;
  const made = (await create(team, 'member', { name: 'laptop' })).body;
  await change(team, 'member', made.id, { name: 'server' });
  await change(team, 'member', made.id, { name: 'server' });
  const expiresAt = '2027-01-01T00:00:00.000Z';
  await change(team, 'admin', made.id, { expiresAt });
  await change(team, 'admin', made.id, { name: 'both', expiresAt: null });
  const { secret } = (await rotate(team, 'member', made.id, { graceSeconds: 60 })).body;
  await handOver(team, 'owner', made.id, admin.personId);
  await handOver(team, 'owner', made.id, admin.personId);
  await revoke(team, 'owner', made.id);
  await revoke(team, 'owner', made.id);
  const { rows } = await database.pool.query(
    `select action, actor_id, before, after from audit_lines where subject_kind = 'api-key' and subject_id = $1 order by position`,
    [made.id],
  );
  const lines = rows.map(({ action, actor_id, before, after }) => [action, actor_id, before, after]);
  expect(lines).toEqual([
    [
      'api-key.created',
      member.personId,
      null,
      { name: 'laptop', memberId: member.personId, prefix: made.prefix },
    ],
    ['api-key.renamed', member.personId, { name: 'laptop' }, { name: 'server' }],
    [
      'api-key.expiry-changed',
      admin.personId,
      { expiresAt: null },
      { expiresAt: expect.stringMatching(/^2027-01-01T00:00:00/) },
    ],
    [
      'api-key.changed',
      admin.personId,
      { name: 'server', expiresAt: expect.any(String) },
      { name: 'both', expiresAt: null },
    ],
    [
      'api-key.rotated',
      member.personId,
      { prefix: made.prefix, rotatedAt: null },
      {
        prefix: recognisedPrefix(secret),
        rotatedAt: expect.any(String),
        replacedSecretsEndAt: expect.any(String),
      },
    ],
    ['api-key.handed-over', owner.personId, { memberId: member.personId }, { memberId: admin.personId }],
    ['api-key.revoked', owner.personId, { revokedAt: null }, { revokedAt: expect.any(String) }],
  ]);
  expect(JSON.stringify(rows)).not.toContain(secret.slice(-20));
});

test('a key is handed only to a current member, and on a personal account to nobody', async () => {
  const team = await createTeam(database.pool);
  const { id } = (await create(team, 'owner')).body;
  const unknown = { status: 404, body: { code: 'member-not-found' } };
  expect(await handOver(team, 'owner', id, team.outsider.personId)).toMatchObject(unknown);
  expect(await handOver(team, 'owner', id, id)).toMatchObject(unknown);
  expect((await handOver(team, 'outsider', id, team.outsider.personId)).status).toBe(404);
  expect((await handOver(team, 'admin', id, team.member.personId)).body.member).toEqual({
    id: team.member.personId,
    name: 'Max Member',
  });
  const { outsider } = team;
  const path = `/v1/accounts/${outsider.accountId}/api-keys`;
  const own = await api.call('POST', path, { as: outsider.personId, body: { name: 'mine' } });
  const handed = await api.call('POST', `${path}/${own.body.id}/hand-over`, {
    as: outsider.personId,
    body: { memberId: team.owner.personId },
  });
  expect(handed).toMatchObject(unknown);
});

test('whoever is removed has no key left there, but for what was handed over before; their own account keeps its keys', async () => {
  const team = await createTeam(database.pool);
  const { member, owner } = team;
  const stays = (await create(team, 'member')).body.id;
  const ends = (await create(team, 'member')).body.id;
  const personal = `/v1/accounts/${member.accountId}/api-keys`;
  const own = await api.call('POST', personal, { as: member.personId, body: { name: 'mine' } });
  await handOver(team, 'owner', stays, owner.personId);
  await withActing(database.pool, { kind: 'person', id: owner.personId }, now, (connection) =>
    connection.query('delete from auth.members where organization_id = $1 and person_id = $2', [
      team.organizationId,
      member.personId,
    ]),
  );
  expect(await revokedOf(team)).toEqual([ends]);
  const { rows } = await database.pool.query(
    'select revoked_by_kind, revoked_by from api_keys where id = $1',
    [ends],
  );
  expect(rows).toEqual([{ revoked_by_kind: 'person', revoked_by: owner.personId }]);
  const kept = await api.call('GET', `${personal}/${own.body.id}`, { as: member.personId });
  expect(kept.body.state).toBe('active');
});

test('a key made while its member is removed is either refused or ends with the membership', async () => {
  for (let round = 0; round < 5; round++) {
    const team = await createTeam(database.pool);
    const { member } = team;
    const outcomes = await Promise.allSettled([
      ...[1, 2, 3].map(() =>
        createKey(database.pool, { accountId: team.accountId, memberId: member.personId }),
      ),
      database.pool.query('delete from auth.members where person_id = $1', [member.personId]),
    ]);
    expect(outcomes.at(-1)?.status).toBe('fulfilled');
    const { rows } = await database.pool.query(
      'select id from api_keys where member_id = $1 and revoked_at is null',
      [member.personId],
    );
    expect(rows).toEqual([]);
  }
});

test('whoever is removed while they change a key that is handed to somebody else changes nothing', async () => {
  const team = await createTeam(database.pool);
  const { organizationId, accountId, admin, owner } = team;
  const { apiKeyId } = await createKey(database.pool, { accountId, memberId: admin.personId, now });
  const path = `/v1/accounts/${accountId}/api-keys/${apiKeyId}`;
  const changes: [string, string, object | undefined][] = [
    ['POST', `${path}/rotate`, { graceSeconds: 0 }],
    ['PATCH', path, { name: 'mine' }],
    ['POST', `${path}/hand-over`, { memberId: team.member.personId }],
    ['DELETE', path, undefined],
  ];
  const as = await signIn(api.auth, admin.personId);
  const removal = await database.pool.connect();
  await removal.query('begin');
  await removal.query('select lock_organization($1)', [organizationId]);
  await removal.query('select from auth.members where organization_id = $1 and person_id = $2 for update', [
    organizationId,
    admin.personId,
  ]);
  await removal.query('select hand_over_api_key($1, $2, $3)', [apiKeyId, owner.personId, now]);
  const answers = changes.map(([method, to, body]) => api.call(method, to, { as, body }));
  await waitingForLocks(changes.length);
  await removal.query('delete from auth.members where organization_id = $1 and person_id = $2', [
    organizationId,
    admin.personId,
  ]);
  await removal.query('commit');
  removal.release();
  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([404, 404, 404, 404]);
  const { body } = await api.call('GET', path, { as: owner.personId });
  expect(body).toMatchObject({
    name: 'test key',
    state: 'active',
    rotatedAt: null,
    member: { id: owner.personId },
  });
});

/** Resolves once so many wait for a lock in this test's database. */
async function waitingForLocks(count: number): Promise<void> {
  for (;;) {
    const { rowCount } = await database.pool.query(
      `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    if (rowCount !== null && rowCount >= count) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test('with an account end its keys and the tokens of its programs', async () => {
  const team = await createTeam(database.pool);
  const { id } = (await create(team, 'owner')).body;
  const token = await createOrganizationToken(database.pool, team.organizationId);
  await database.pool.query(`update account_balances set state = 'closed' where account_id = $1`, [
    team.accountId,
  ]);
  expect(await revokedOf(team)).toEqual([id]);
  expect(await create(team, 'owner')).toMatchObject({ status: 409, body: { code: 'account-closed' } });
  expect(await api.call('GET', `/v1/accounts/${team.accountId}`, { as: token })).toMatchObject({
    status: 401,
    body: { code: 'token-revoked' },
  });
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

function read(team: TestOrganization, who: Who, apiKeyId: string) {
  return api.call('GET', `/v1/accounts/${team.accountId}/api-keys/${apiKeyId}`, { as: team[who].personId });
}

function change(team: TestOrganization, who: Who, apiKeyId: string, body: unknown) {
  const path = `/v1/accounts/${team.accountId}/api-keys/${apiKeyId}`;
  return api.call('PATCH', path, { as: team[who].personId, body });
}

function rotate(team: TestOrganization, who: Who, apiKeyId: string, body?: unknown) {
  const path = `/v1/accounts/${team.accountId}/api-keys/${apiKeyId}/rotate`;
  return api.call('POST', path, { as: team[who].personId, body });
}

function handOver(team: TestOrganization, who: Who, apiKeyId: string, memberId: string) {
  const path = `/v1/accounts/${team.accountId}/api-keys/${apiKeyId}/hand-over`;
  return api.call('POST', path, { as: team[who].personId, body: { memberId } });
}

/** When each secret of a key ends, by its prefix. */
async function endsOf(apiKeyId: string): Promise<Record<string, string | null>> {
  const { rows } = await database.pool.query<{ prefix: string; ends_at: Date | null }>(
    'select prefix, ends_at from api_key_secrets where api_key_id = $1',
    [apiKeyId],
  );
  return Object.fromEntries(rows.map(({ prefix, ends_at }) => [prefix, ends_at?.toISOString() ?? null]));
}
