// API keys that change: another secret, name or end, by those who may, each change on record.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { recognisedPrefix, secretKind } from '../ledger/secrets.ts';
import { apiKeyCalls } from './support/api-key-calls.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { createTeam } from './support/people.ts';
import { type PeopleApi, startPeopleApi } from './support/people-api.ts';

let database: TestDatabase;
let api: PeopleApi;
let now = new Date('2026-03-01T12:00:00Z');

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startPeopleApi(database, () => now);
});

afterAll(async () => {
  await api.close();
  await database.drop();
});

const { create, revoke, read, change, rotate, handOver, endsOf } = apiKeyCalls(() => ({
  api,
  pool: database.pool,
}));

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
