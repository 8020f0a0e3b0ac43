// People: sign-up to sessions, accounts that come with their owners, and what each may see and do.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { getMigrations } from 'better-auth/db/migration';
import { type Right, requireAccess, rights } from '../api/access.ts';
import type { PersonPrincipal } from '../api/principal.ts';
import { setCurrency } from '../ledger/deployment.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { createOperatorToken, createPerson, createTeam, signIn, verifyEmail } from './support/people.ts';
import { type PeopleApi, startPeopleApi } from './support/people-api.ts';

const PASSWORD = 'correct horse battery';
const NOBODYS_ID = '0199e0a0-0000-7000-8000-000000000000';

const person = { name: 'A', email: 'bad-input@example.com', password: PASSWORD };

let database: TestDatabase;
let api: PeopleApi;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startPeopleApi(database);
});

afterAll(async () => {
  await api.close();
  await database.drop();
});

test('the sign-in library finds every table, column and index that it expects', async () => {
  const { toBeCreated, toBeAdded, toBeAddedIndexes, unsafeChanges, schemaProblems } = await getMigrations(
    api.auth.options,
  );
  expect({ toBeCreated, toBeAdded, toBeAddedIndexes, unsafeChanges, schemaProblems }).toEqual({
    toBeCreated: [],
    toBeAdded: [],
    toBeAddedIndexes: [],
    unsafeChanges: [],
    schemaProblems: [],
  });
});

test('a person who signs up has a personal account of their own', async () => {
  const { status, body, headers } = await signUp('ina@example.com', 'Ina');
  expect(status).toBe(200);
  expect(headers.get('set-auth-token')).toBeNull();
  const { rows: found } = await database.pool.query(
    `select id from auth.people where email = 'ina@example.com'`,
  );
  const personId = found[0].id;
  expect(body).toMatchObject({ token: null, user: { id: personId, emailVerified: false } });
  const me = await api.call('GET', '/v1/me', { as: personId });
  expect(me.body).toEqual({
    id: personId,
    name: 'Ina',
    email: 'ina@example.com',
    personalAccountId: expect.any(String),
    organizations: [],
    activeOrganizationId: null,
  });
  const { rows } = await database.pool.query(
    `select a.owner_type, a.owner_id, a.currency, a.created_at = p.created_at as together, b.state
     from accounts a join account_balances b on b.account_id = a.id join auth.people p on p.id = a.owner_id
     where a.id = $1`,
    [me.body.personalAccountId],
  );
  expect(rows).toEqual([
    { owner_type: 'person', owner_id: personId, currency: 'usd', together: true, state: 'open' },
  ]);
});

test('a person whose account cannot be opened is not signed up either', async () => {
  await database.pool.query('alter table account_balances add constraint no_more check (false) not valid');
  try {
    expect((await signUp('late@example.com')).status).toBe(500);
  } finally {
    await database.pool.query('alter table account_balances drop constraint no_more');
  }
  const { rows } = await database.pool.query(`select from auth.people where email = 'late@example.com'`);
  expect(rows).toHaveLength(0);
});

test('accounts are opened in the currency of the deployment, which stays when there are accounts', async () => {
  const other = await createTestDatabase();
  try {
    await setCurrency(other.pool, 'eur');
    await createPerson(other.pool);
    const { rows } = await other.pool.query('select currency from accounts');
    expect(rows).toEqual([{ currency: 'eur' }]);
    await setCurrency(other.pool, 'eur');
    await expect(setCurrency(other.pool, 'usd')).rejects.toThrow(
      'keeps its accounts in eur, which cannot change to usd',
    );
  } finally {
    await other.drop();
  }
});

test('sign-in by e-mail answers with a token that works as bearer and a cookie that works in a browser', async () => {
  await signUp('bea@example.com', 'Bea');
  await verifyEmail(database.pool, 'bea@example.com');
  const signedIn = await api.call('POST', '/api/auth/sign-in/email', {
    body: { email: 'Bea@Example.com', password: PASSWORD },
  });
  const token = signedIn.headers.get('set-auth-token') ?? '';
  expect((await api.call('GET', '/v1/me', { as: token })).body.name).toBe('Bea');
  expect((await api.call('GET', '/v1/me', { as: encodeURIComponent(token) })).status).toBe(200);
  const cookie = signedIn.headers.get('set-cookie') ?? '';
  expect(cookie).toMatch(/^coffer\.session_token=.*HttpOnly; SameSite=Lax/);
  const [pair = ''] = cookie.split(';');
  expect((await api.call('GET', '/v1/me', { headers: { cookie: pair } })).body.name).toBe('Bea');
  const wrong = { body: { email: 'bea@example.com', password: 'wrong horse' } };
  expect((await api.call('POST', '/api/auth/sign-in/email', wrong)).status).toBe(401);

  expect((await api.call('POST', '/api/auth/sign-out', { as: token, body: {} })).status).toBe(200);
  expect((await api.call('GET', '/v1/me', { as: token })).status).toBe(401);
});

test('reading a session from the database is not enough to use it, and a cookie never speaks for a bad token', async () => {
  const { personId } = await createPerson(database.pool);
  const token = await signIn(api.auth, personId);
  const [unsigned = ''] = token.split('.');
  const cookie = `coffer.session_token=${encodeURIComponent(token)}`;
  expect((await api.call('GET', '/v1/me', { headers: { cookie } })).status).toBe(200);
  for (const authorization of [
    `Bearer ${unsigned}`,
    `Bearer ${token.slice(0, -3)}AA=`,
    'Bearer',
    'Basic YTpi',
    '',
  ]) {
    expect((await api.call('GET', '/v1/me', { headers: { authorization } })).status).toBe(401);
    expect((await api.call('GET', '/v1/me', { headers: { authorization, cookie } })).status).toBe(401);
  }
});

test('many who sign up with one address at once are one person, and none of them learns that it was known', async () => {
  const answers = await Promise.all(Array.from({ length: 4 }, () => signUp('race@example.com')));
  for (const { status, body: answer } of answers) {
    expect({ status, keys: Object.keys(answer.user).sort() }).toEqual({
      status: 200,
      keys: Object.keys(answers[0]?.body.user).sort(),
    });
  }
  const { rows } = await database.pool.query(`select from auth.people where email = 'race@example.com'`);
  expect(rows).toHaveLength(1);
});

const MATRIX: [Right, string][] = [
  ['read', 'owner admin member'],
  ['add-credit', 'owner admin member'],
  ['use-keys', 'owner admin member'],
  ['manage-all-keys', 'owner admin'],
  ['manage-auto-top-up', 'owner admin'],
  ['manage-limits', 'owner admin'],
  ['manage-members', 'owner admin'],
  ['manage-tokens', 'owner admin'],
  ['rename-organization', 'owner admin'],
  ['read-audit', 'owner admin'],
  ['leave-organization', 'owner admin member'],
  ['manage-owners', 'owner'],
  ['close-organization', 'owner'],
];

test('every right stands in the matrix', () => {
  expect(MATRIX.map(([right]) => right)).toEqual(Object.keys(rights));
});

test.each(MATRIX)(
  'the right %s belongs to %s of an organization, and to everybody on their own account',
  async (right, roles) => {
    const team = await createTeam(database.pool);
    for (const role of ['owner', 'admin', 'member'] as const) {
      const asked = requireAccess(database.pool, principal(team[role].personId), team, right);
      if (roles.split(' ').includes(role)) await expect(asked).resolves.toMatchObject({ roles: [role] });
      else await expect(asked).rejects.toMatchObject({ code: 'forbidden' });
    }
    const own = requireAccess(database.pool, principal(team.member.personId), team.member, right);
    await expect(own).resolves.toMatchObject({ roles: ['owner'], ownerType: 'person' });
  },
);

test('what is not mine to see answers like what does not exist', async () => {
  const team = await createTeam(database.pool);
  const foreign: [string, string][] = [
    [team.outsider.personId, team.accountId],
    [team.owner.personId, team.member.accountId],
    [team.member.personId, team.owner.accountId],
    [team.member.personId, NOBODYS_ID],
    [team.member.personId, 'not-an-id'],
    [team.member.personId, "' or true --"],
  ];
  const answers = await Promise.all(
    foreign.map(([as, id]) => api.call('GET', `/v1/accounts/${encodeURIComponent(id)}/api-keys`, { as })),
  );
  for (const answer of answers) {
    expect(answer.status).toBe(404);
    expect({ ...answer.body, instance: '' }).toEqual({ ...answers[0]?.body, instance: '' });
  }
});

test('whoever is removed sees nothing from the next request on', async () => {
  const team = await createTeam(database.pool);
  const as = await signIn(api.auth, team.member.personId);
  const path = `/v1/accounts/${team.accountId}/api-keys`;
  expect((await api.call('GET', path, { as })).status).toBe(200);
  await database.pool.query('delete from auth.members where person_id = $1', [team.member.personId]);
  expect((await api.call('GET', path, { as })).status).toBe(404);
  expect((await api.call('GET', '/v1/me', { as })).body.organizations).toEqual([]);
});

test('an operator reads every account and does nothing that is a member’s', async () => {
  const team = await createTeam(database.pool);
  const operator = {
    kind: 'operator',
    token: {
      id: NOBODYS_ID,
      kind: 'operator',
      name: 'x',
      scopes: new Set(['read']),
      organizationId: undefined,
      expiresAt: undefined,
    },
  } as const;
  const access = await requireAccess(database.pool, operator, team.owner, 'read');
  expect(access.roles).toEqual(['operator']);
  await expect(requireAccess(database.pool, operator, team, 'add-credit')).rejects.toMatchObject({
    code: 'forbidden',
  });
  const blind = { ...operator, token: { ...operator.token, scopes: new Set(['prices']) } };
  await expect(requireAccess(database.pool, blind, team, 'read')).rejects.toMatchObject({
    code: 'forbidden',
  });
  const as = await createOperatorToken(database.pool);
  expect((await api.call('GET', `/v1/accounts/${team.accountId}/api-keys`, { as })).status).toBe(403);
  expect((await api.call('GET', '/v1/me', { as })).status).toBe(403);
});

test.each([
  'create',
  'list',
  'list-members',
  'set-active',
  'update',
  'delete',
  'leave',
  'remove-member',
  'update-member-role',
  'invite-member',
  'accept-invitation',
  'get-full-organization',
  'get-organization',
])('the sign-in library has no way of its own to %s an organization', async (path) => {
  const team = await createTeam(database.pool);
  const { organizationId } = team;
  const more = {
    as: team.owner.personId,
    body: { organizationId, memberId: team.member.personId, role: 'owner' },
  };
  expect((await api.call('POST', `/api/auth/organization/${path}`, more)).status).toBe(404);
  expect((await api.call('GET', `/api/auth/organization/${path}`, { as: team.owner.personId })).status).toBe(
    404,
  );
});

test.each<[string, string, unknown]>([
  ['a broken body', 'sign-up/email', '{"name":'],
  ['an empty body', 'sign-up/email', {}],
  ['a person without a name', 'sign-up/email', { ...person, name: '' }],
  ['a person with a name of 10,000 characters', 'sign-up/email', { ...person, name: 'x'.repeat(10_000) }],
  ['a name that turns the text around', 'sign-up/email', { ...person, name: 'Eve\u202egpj' }],
  ['a name with a NUL', 'sign-up/email', { ...person, name: 'A\u0000' }],
  ['no e-mail address', 'sign-up/email', { ...person, email: 'no address' }],
  ['a short password', 'sign-up/email', { ...person, password: 'short' }],
  ['an image with a NUL', 'sign-up/email', { ...person, image: 'a\u0000' }],
  ['a password with a NUL', 'sign-in/email', { ...person, password: 'a\u0000' }],
  ['half a character', 'update-user', { name: '\ud800' }],
  ['a blank new name', 'update-user', { name: ' ' }],
  ['a path that there is not', 'no-such-thing', {}],
])('%s is refused by sign-in as the caller’s fault', async (_what, path, body) => {
  const { personId } = await createPerson(database.pool);
  const { status } = await api.call('POST', `/api/auth/${path}`, { as: personId, body });
  expect([400, 401, 403, 404, 422]).toContain(status);
});

test('a body beyond 64 kB is refused before it is read to its end', async () => {
  const body = { name: 'A', email: 'big@example.com', password: 'x'.repeat(100_000) };
  expect((await api.call('POST', '/api/auth/sign-up/email', { body })).status).toBe(413);
});

test('a session remembers the address that the connection has, not the one that the caller claims', async () => {
  await signUp('ivy@example.com');
  await verifyEmail(database.pool, 'ivy@example.com');
  await api.call('POST', '/api/auth/sign-in/email', {
    body: { email: 'ivy@example.com', password: PASSWORD },
    headers: { 'x-coffer-client-address': '6.6.6.6' },
  });
  const { rows } = await database.pool.query(
    `select distinct ip_address from auth.sessions s join auth.people p on p.id = person_id where email = 'ivy@example.com'`,
  );
  expect(rows).toEqual([{ ip_address: '127.0.0.1' }]);
});

function signUp(email: string, name = 'Somebody') {
  return api.call('POST', '/api/auth/sign-up/email', { body: { name, email, password: PASSWORD } });
}

function principal(personId: string): PersonPrincipal {
  return { kind: 'person', personId, name: '', email: '', sessionId: '', via: 'bearer' };
}
