// Tokens of an organization's programs: made and revoked by those who may, and told when they have ended.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { addMember } from '../ledger/members.ts';
import { createSecret, secretKind } from '../ledger/secrets.ts';
import { createServiceToken, revokeServiceToken } from '../ledger/service-tokens.ts';
import { createTestDatabase, type TestDatabase, untilLocksAreAwaited } from './support/database.ts';
import {
  createOperatorToken,
  createOrganizationToken,
  createTeam,
  type TestOrganization,
} from './support/people.ts';
import { type PeopleApi, startPeopleApi } from './support/people-api.ts';
import { untilHolds } from './support/soak.ts';

let database: TestDatabase;
let api: PeopleApi;
let other: PeopleApi;
let now = new Date('2026-03-01T12:00:00Z');

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startPeopleApi(database, () => now);
  other = await startPeopleApi(database, () => now);
});

afterAll(async () => {
  await other.close();
  await api.close();
  await database.drop();
});

test('an owner makes a token for a program, shown once, and everybody who may sees who made it and when it was used', async () => {
  const team = await createTeam(database.pool);
  const expiresAt = new Date(now.getTime() + 86_400_000).toISOString();
  const made = await create(team, 'owner', { name: 'billing export', scopes: ['read', 'read'], expiresAt });
  expect(made.status).toBe(201);
  const { secret, ...shown } = made.body;
  expect(secretKind(secret)).toBe('organization');
  expect(shown).toEqual({
    id: expect.any(String),
    name: 'billing export',
    prefix: secret.slice(0, 'cof_organization_'.length + 6),
    scopes: ['read'],
    state: 'active',
    createdAt: now.toISOString(),
    createdBy: { id: team.owner.personId, name: 'Olga Owner' },
    expiresAt,
    revokedAt: null,
    lastUsedAt: null,
  });
  expect((await list(team, 'admin')).body).toEqual({ items: [shown], nextCursor: null });
  expect((await list(team, 'member')).status).toBe(403);
  expect((await list(team, 'outsider')).status).toBe(404);
  const path = `/v1/accounts/${team.accountId}`;
  expect((await api.call('GET', path, { as: secret })).status).toBe(200);
  expect((await api.call('GET', `${path}/api-keys`, { as: secret })).status).toBe(403);
  await untilHolds(async () =>
    expect((await list(team, 'owner')).body.items[0].lastUsedAt).toBe(now.toISOString()),
  );
});

test('a token reads its own organization, and nobody else’s', async () => {
  const [team, foreign] = [await createTeam(database.pool), await createTeam(database.pool)];
  const as = await createOrganizationToken(database.pool, team.organizationId, ['read', 'keys']);
  for (const id of [foreign.accountId, team.owner.accountId]) {
    expect((await api.call('GET', `/v1/accounts/${id}`, { as })).status).toBe(404);
    expect((await api.call('GET', `/v1/accounts/${id}/api-keys`, { as })).status).toBe(404);
  }
});

test('a program with the scope keys manages the keys of members, and names whose a new one is', async () => {
  const team = await createTeam(database.pool);
  const { accountId, member, admin } = team;
  const as = await createOrganizationToken(database.pool, team.organizationId, ['keys']);
  const path = `/v1/accounts/${accountId}/api-keys`;
  const make = (body: unknown) => api.call('POST', path, { as, body });
  expect(await make({ name: 'x' })).toMatchObject({ status: 400, body: { code: 'request-invalid' } });
  expect(await make({ name: 'x', memberId: team.outsider.personId })).toMatchObject({
    status: 404,
    body: { code: 'member-not-found' },
  });
  const made = await make({ name: 'x', memberId: member.personId });
  expect(made).toMatchObject({ status: 201, body: { member: { id: member.personId } } });
  const key = `${path}/${made.body.id}`;
  expect((await api.call('PATCH', key, { as, body: { name: 'y' } })).body.name).toBe('y');
  expect((await api.call('POST', `${key}/rotate`, { as })).status).toBe(200);
  expect(
    (await api.call('POST', `${key}/hand-over`, { as, body: { memberId: admin.personId } })).body.member.id,
  ).toBe(admin.personId);
  expect((await api.call('DELETE', key, { as })).body.state).toBe('revoked');
  const { rows } = await database.pool.query(
    `select distinct actor_kind from audit_lines where subject_kind = 'api-key' and subject_id = $1`,
    [made.body.id],
  );
  expect(rows).toEqual([{ actor_kind: 'organization' }]);
  expect((await api.call('GET', `/v1/accounts/${accountId}`, { as })).status).toBe(403);
});

test('a person makes keys of their own and names nobody else', async () => {
  const team = await createTeam(database.pool);
  const path = `/v1/accounts/${team.accountId}/api-keys`;
  const make = (memberId: string) =>
    api.call('POST', path, { as: team.owner.personId, body: { name: 'x', memberId } });
  expect(await make(team.member.personId)).toMatchObject({ status: 400, body: { code: 'request-invalid' } });
  expect((await make(team.owner.personId)).status).toBe(201);
});

test.each<[string, (at: Date) => object]>([
  ['no name', (at) => ({ scopes: ['read'], expiresAt: at.toISOString() })],
  ['no scope', (at) => ({ name: 'x', scopes: [], expiresAt: at.toISOString() })],
  ['an operator’s scope', (at) => ({ name: 'x', scopes: ['money'], expiresAt: at.toISOString() })],
  ['no end', () => ({ name: 'x', scopes: ['read'] })],
  ['an end that is over', () => ({ name: 'x', scopes: ['read'], expiresAt: '2020-01-01T00:00:00Z' })],
  ['an end beyond a year', () => ({ name: 'x', scopes: ['read'], expiresAt: '2099-01-01T00:00:00Z' })],
  [
    'an unknown field',
    (at) => ({ name: 'x', scopes: ['read'], expiresAt: at.toISOString(), kind: 'operator' }),
  ],
])('a token with %s is refused and nothing is stored', async (_what, body) => {
  const team = await createTeam(database.pool);
  expect(await create(team, 'owner', body(new Date(now.getTime() + 60_000)))).toMatchObject({
    status: 400,
    body: { code: 'request-invalid' },
  });
  expect((await list(team, 'owner')).body.items).toEqual([]);
});

test('only owners and admins make and revoke tokens, of their own organization, and no program makes another', async () => {
  const [team, foreign] = [await createTeam(database.pool), await createTeam(database.pool)];
  const { id } = (await create(team, 'admin')).body;
  expect((await create(team, 'member')).status).toBe(403);
  expect((await create(team, 'outsider')).status).toBe(404);
  expect((await revoke(team, 'member', id)).status).toBe(403);
  expect((await revoke(foreign, 'owner', id)).status).toBe(404);
  const as = await createOrganizationToken(database.pool, team.organizationId, ['read', 'keys']);
  const path = `/v1/organizations/${team.organizationId}/tokens`;
  expect((await api.call('GET', path, { as })).status).toBe(403);
  expect((await api.call('POST', path, { as, body: tokenBody() })).status).toBe(403);
  expect(
    (await list(team, 'owner')).body.items.every(({ state }: { state: string }) => state === 'active'),
  ).toBe(true);
});

test('a revoked token is refused in every process within a second, and its audit has one line for each change', async () => {
  const team = await createTeam(database.pool);
  const { id, secret } = (await create(team, 'owner')).body;
  const path = `/v1/accounts/${team.accountId}`;
  for (const process of [api, other]) {
    expect((await process.call('GET', path, { as: secret })).status).toBe(200);
  }
  expect((await revoke(team, 'admin', id)).body).toMatchObject({ id, state: 'revoked' });
  await untilHolds(async () => {
    for (const process of [api, other]) {
      expect(await process.call('GET', path, { as: secret })).toMatchObject({
        status: 401,
        body: { code: 'token-revoked' },
      });
    }
  });
  const again = await revoke(team, 'owner', id);
  expect(again.body.revokedAt).toBe(now.toISOString());
  const { rows } = await database.pool.query(
    `select account_id, action, actor_id from audit_lines where subject_kind = 'token' and subject_id = $1 order by position`,
    [id],
  );
  expect(rows).toEqual([
    { account_id: team.accountId, action: 'token.created', actor_id: team.owner.personId },
    { account_id: team.accountId, action: 'token.revoked', actor_id: team.admin.personId },
  ]);
});

test('a token outlives whoever made it in the organization', async () => {
  const team = await createTeam(database.pool);
  const { secret } = (await create(team, 'admin')).body;
  await database.pool.query('delete from auth.members where person_id = $1', [team.admin.personId]);
  expect((await api.call('GET', `/v1/accounts/${team.accountId}`, { as: secret })).status).toBe(200);
});

test('a gateway is told that its token has ended, and other tokens send no usage', async () => {
  const make = async () => {
    const expiresAt = new Date(now.getTime() + 60_000);
    return createServiceToken(database.pool, { kind: 'gateway', name: 'x', expiresAt, now });
  };
  const [expiring, revoked] = [await make(), await make()];
  const send = (as: string) => api.call('POST', '/v1/usage', { as, body: [] });
  expect((await send(expiring.secret)).status).toBe(200);
  await revokeServiceToken(database.pool, revoked.id, now);
  now = new Date(now.getTime() + 60_000);
  const answers = [
    [await send(expiring.secret), 'token-expired'],
    [await send(revoked.secret), 'token-revoked'],
    [await send(await createOperatorToken(database.pool)), 'unauthenticated'],
  ] as const;
  for (const [{ status, headers, body }, code] of answers) {
    expect({ status, code: body.code }).toEqual({ status: 401, code });
    expect(headers.get('www-authenticate')).toBe('Bearer');
  }
});

test('a closed organization gets no token', async () => {
  const team = await createTeam(database.pool);
  await database.pool.query('update auth.organizations set closed_at = $2 where id = $1', [
    team.organizationId,
    now,
  ]);
  expect(await create(team, 'owner')).toMatchObject({ status: 409, body: { code: 'account-closed' } });
});

test('a secret that nobody ever had is not told more than that', async () => {
  for (const as of [createSecret('organization'), createSecret('operator'), 'cof_operator_mistyped']) {
    expect(await api.call('GET', '/v1/accounts', { as })).toMatchObject({
      status: 401,
      body: { code: 'unauthenticated' },
    });
  }
});

test('under one Idempotency-Key one token is made, and its secret is not shown again', async () => {
  const team = await createTeam(database.pool);
  const send = () =>
    api.call('POST', `/v1/organizations/${team.organizationId}/tokens`, {
      as: team.owner.personId,
      body: { name: 'once', scopes: ['read'], expiresAt: '2026-06-01T00:00:00Z' },
      headers: { 'idempotency-key': 'one-token' },
    });
  const first = await send();
  expect(await send()).toMatchObject({ status: 201, body: { ...first.body, secret: null } });
  expect((await list(team, 'owner')).body.items).toHaveLength(1);
});

test('whoever is removed while they make a token or revoke one does neither', async () => {
  const team = await createTeam(database.pool);
  const { body: standing } = await create(team, 'owner');
  const asked: (() => Promise<{ status: number }>)[] = [
    () => create(team, 'admin'),
    () => revoke(team, 'admin', standing.id),
  ];
  for (const ask of asked) {
    const removal = await database.pool.connect();
    await removal.query('begin');
    await removal.query('select lock_organization($1)', [team.organizationId]);
    const answer = ask();
    await Promise.race([answer, untilLocksAreAwaited(database)]);
    await removal.query('delete from auth.members where organization_id = $1 and person_id = $2', [
      team.organizationId,
      team.admin.personId,
    ]);
    await removal.query('commit');
    removal.release();
    expect((await answer).status).toBe(404);
    await addMember(database.pool, {
      organizationId: team.organizationId,
      personId: team.admin.personId,
      role: 'admin',
      now,
    });
  }
  expect((await list(team, 'owner')).body.items).toMatchObject([{ id: standing.id, state: 'active' }]);
});

type Who = 'owner' | 'admin' | 'member' | 'outsider';

function tokenBody() {
  return { name: 'test', scopes: ['read'], expiresAt: new Date(now.getTime() + 86_400_000).toISOString() };
}

function create(team: TestOrganization, who: Who, body: unknown = tokenBody()) {
  return api.call('POST', `/v1/organizations/${team.organizationId}/tokens`, {
    as: team[who].personId,
    body,
  });
}

function list(team: TestOrganization, who: Who) {
  return api.call('GET', `/v1/organizations/${team.organizationId}/tokens`, { as: team[who].personId });
}

function revoke(team: TestOrganization, who: Who, tokenId: string) {
  const path = `/v1/organizations/${team.organizationId}/tokens/${tokenId}`;
  return api.call('DELETE', path, { as: team[who].personId });
}
