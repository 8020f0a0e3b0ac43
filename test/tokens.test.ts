// Service tokens: of gateways, operators and an organization's programs; known at once, forgotten at once, told when they ended.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { addMember } from '../ledger/members.ts';
import { listen, type Notifications } from '../ledger/notifications.ts';
import { createSecret, hashSecret, secretKind } from '../ledger/secrets.ts';
import { createServiceToken, revokeServiceToken } from '../ledger/service-tokens.ts';
import { type ServiceTokens, serviceTokens } from '../ledger/token-directory.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import {
  createGatewayToken,
  createOperatorToken,
  createOrganizationToken,
  createTeam,
  type TestOrganization,
} from './support/people.ts';
import { type PeopleApi, startPeopleApi } from './support/people-api.ts';

let database: TestDatabase;
let api: PeopleApi;
let other: PeopleApi;
let notifications: Notifications;
let tokens: ServiceTokens;
let now = new Date('2026-03-01T12:00:00Z');

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startPeopleApi(database, () => now);
  other = await startPeopleApi(database, () => now);
  notifications = await listen(database.url, ['service_tokens']);
  tokens = serviceTokens(database.pool, () => now, notifications);
});

afterAll(async () => {
  await notifications.close();
  await other.close();
  await api.close();
  await database.drop();
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

test('tokens that read or move credit end within a year, whoever makes them', async () => {
  const make = (kind: 'gateway' | 'operator', days?: number) =>
    createServiceToken(database.pool, {
      kind,
      name: 'x',
      expiresAt: days === undefined ? undefined : new Date(now.getTime() + days * 86_400_000),
      now,
    });
  await expect(make('operator')).rejects.toThrow('within a year');
  await expect(make('operator', 367)).rejects.toThrow('within a year');
  await expect(make('operator', 366)).resolves.toBeDefined();
  await expect(make('gateway')).resolves.toBeDefined();
  await expect(database.pool.query('update service_tokens set expires_at = null')).rejects.toMatchObject({
    constraint: 'record-immutable',
  });
});

test('that a token is used is noted once a minute, and no process forgets anything for it', async () => {
  const secret = await createGatewayToken(database.pool);
  const heard: unknown[] = [];
  const own = await listen(database.url, ['service_tokens']);
  try {
    const memory = serviceTokens(database.pool, () => now, own);
    own.on('service_tokens', (payload) => heard.push(payload));
    await memory.verify(secret);
    await eventually(async () => expect(await lastUse(secret)).toEqual(now));
    const first = now;
    now = new Date(now.getTime() + 59_000);
    await serviceTokens(database.pool, () => now, own).verify(secret);
    now = new Date(now.getTime() + 2_000);
    await serviceTokens(database.pool, () => now, own).verify(secret);
    await eventually(async () => expect(await lastUse(secret)).toEqual(new Date(first.getTime() + 61_000)));
    expect(heard).toEqual([]);
  } finally {
    await own.close();
  }
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
  await eventually(async () =>
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
  await eventually(async () => {
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
    await Promise.race([answer, waitingForLock()]);
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

/** Resolves once somebody waits for a lock in this test's database. */
async function waitingForLock(): Promise<void> {
  for (;;) {
    const { rowCount } = await database.pool.query(
      `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    if (rowCount !== null && rowCount > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

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

async function lastUse(secret: string): Promise<Date | null> {
  const { rows } = await database.pool.query<{ last_used_at: Date | null }>(
    'select last_used_at from service_tokens where token_hash = $1',
    [hashSecret(secret)],
  );
  return rows[0]?.last_used_at ?? null;
}

/** Announcements take a moment: asks again until it holds, for at most 20 seconds. */
async function eventually(check: () => unknown): Promise<void> {
  const deadline = performance.now() + 20_000;
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
