// Organizations: made whole or not at all, renamed by those who may, left, closed for good; and the one at hand.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { slugsFor } from '../api/slug.ts';
import { addMember } from '../ledger/members.ts';
import { grant } from './support/coffer.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { audited, brokenMemberships, membershipState } from './support/membership.ts';
import { createKey, createOrganizationToken, createPerson, createTeam, signIn } from './support/people.ts';
import { type PeopleApi, startPeopleApi } from './support/people-api.ts';

const NOBODYS_ID = '0199e0a0-0000-7000-8000-000000000000';

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

test('an organization comes with its account and its first owner, or not at all', async () => {
  const { personId } = await createPerson(database.pool, 'Fay Founder');
  const create = (slug: string) =>
    api.call('POST', '/v1/organizations', { as: personId, body: { name: 'Initech', slug } });
  const created = await create('initech');
  expect(created.status).toBe(201);
  const { id, accountId } = created.body;
  expect(created.body).toEqual({
    id,
    name: 'Initech',
    slug: 'initech',
    accountId: expect.any(String),
    role: 'owner',
    createdAt: expect.any(String),
    closedAt: null,
  });
  expect((await api.call('GET', '/v1/me', { as: personId })).body.organizations).toEqual([
    { id, name: 'Initech', slug: 'initech', role: 'owner', accountId },
  ]);
  expect((await api.call('GET', `/v1/organizations/${id}`, { as: personId })).body).toEqual(created.body);
  expect(await audited(database.pool, accountId)).toEqual([
    ['organization.created', personId],
    ['member.joined', personId],
  ]);

  await database.pool.query('alter table auth.members add constraint no_more check (false) not valid');
  try {
    expect((await create('initrode')).status).toBe(500);
  } finally {
    await database.pool.query('alter table auth.members drop constraint no_more');
  }
  const { rows } = await database.pool.query(
    `select from accounts where owner_id in (select id from auth.organizations where slug = 'initrode')
     union all select from auth.organizations where slug = 'initrode'`,
  );
  expect(rows).toHaveLength(0);
  const alone = database.pool.query(
    `insert into auth.organizations (id, name, slug, created_at) values (gen_random_uuid(), 'X', 'x', now())`,
  );
  await expect(alone).rejects.toMatchObject({ constraint: 'last-owner' });
});

test('of many who claim one slug at once one gets it, and a slug that is made is one that is free', async () => {
  const { personId } = await createPerson(database.pool);
  const as = await signIn(api.auth, personId);
  const claim = (body: unknown) =>
    Promise.all(Array.from({ length: 6 }, () => api.call('POST', '/v1/organizations', { as, body })));
  const claimed = await claim({ name: 'Race', slug: 'race' });
  expect(claimed.filter(({ status }) => status === 201)).toHaveLength(1);
  expect(claimed.filter(({ body }) => body.code === 'slug-taken')).toHaveLength(5);
  const made = await claim({ name: 'Räce' });
  expect(made.map(({ body }) => body.slug).sort()).toEqual([2, 3, 4, 5, 6, 7].map((n) => `race-${n}`));
});

test('the same Idempotency-Key makes one organization', async () => {
  const { personId: as } = await createPerson(database.pool);
  const request = { as, body: { name: 'Once' }, headers: { 'idempotency-key': 'once' } };
  const answers = await Promise.all([1, 2, 3].map(() => api.call('POST', '/v1/organizations', request)));
  expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
  expect((await api.call('GET', '/v1/me', { as })).body.organizations).toHaveLength(1);
});

test('who makes more than twenty organizations within an hour waits', async () => {
  const as = await signIn(api.auth, (await createPerson(database.pool)).personId);
  const make = () => api.call('POST', '/v1/organizations', { as, body: { name: 'Mill' } });
  const made = [];
  for (let i = 0; i < 21; i += 1) made.push((await make()).status);
  expect(made).toEqual([...Array(20).fill(201), 429]);
});

test.each([
  ['Acme Corp.', 'acme-corp'],
  ['  Ünïcode & Söhne 3 ', 'unicode-sohne-3'],
  ['漢字', 'organization'],
  ['x'.repeat(100), 'x'.repeat(63)],
  [`${'x'.repeat(62)} y`, 'x'.repeat(62)],
])('the slug of %p is %s', (name, slug) => {
  expect(slugsFor(name)[0]).toBe(slug);
  for (const one of slugsFor(name)) expect(one.length).toBeLessThanOrEqual(63);
});

test('an organization is renamed by owners and admins, and the change is told with both names', async () => {
  const team = await createTeam(database.pool);
  const path = `/v1/organizations/${team.organizationId}`;
  const body = { name: 'Globex' };
  expect((await api.call('PATCH', path, { as: team.member.personId, body })).status).toBe(403);
  expect((await api.call('PATCH', path, { as: team.outsider.personId, body })).status).toBe(404);
  const renamed = await api.call('PATCH', path, { as: team.admin.personId, body });
  expect(renamed).toMatchObject({ status: 200, body: { name: 'Globex', role: 'admin' } });
  expect(
    (await api.call('PATCH', path, { as: team.owner.personId, body: { slug: 'globex' } })).body,
  ).toMatchObject({
    name: 'Globex',
    slug: 'globex',
  });
  const other = await createTeam(database.pool);
  const taken = await api.call('PATCH', `/v1/organizations/${other.organizationId}`, {
    as: other.owner.personId,
    body: { name: 'Other', slug: 'globex' },
  });
  expect(taken.body).toMatchObject({
    code: 'slug-taken',
    detail: 'The slug globex belongs to another organization.',
  });
  expect((await audited(database.pool, team.accountId)).slice(-2)).toEqual([
    ['organization.renamed', team.admin.personId],
    ['organization.renamed', team.owner.personId],
  ]);
});

test('a session remembers one organization that its person is a member of', async () => {
  const team = await createTeam(database.pool);
  const other = await createTeam(database.pool);
  const as = await signIn(api.auth, team.member.personId);
  const put = (organizationId: unknown) =>
    api.call('PUT', '/v1/me/active-organization', { as, body: { organizationId } });
  const active = async () => (await api.call('GET', '/v1/me', { as })).body.activeOrganizationId;
  expect(await active()).toBeNull();
  expect((await put(team.organizationId)).body).toEqual({ organizationId: team.organizationId });
  expect(await active()).toBe(team.organizationId);
  for (const id of [other.organizationId, NOBODYS_ID]) {
    expect((await put(id)).body.code).toBe('organization-not-found');
  }
  expect((await put('none')).body.code).toBe('request-invalid');
  expect(await active()).toBe(team.organizationId);
  expect(
    (await api.call('GET', '/v1/me', { as: team.member.personId })).body.activeOrganizationId,
  ).toBeNull();
  await api.call('POST', `/v1/organizations/${team.organizationId}/leave`, { as });
  expect(await active()).toBeNull();
  expect((await put(null)).status).toBe(200);
});

test('whoever leaves sees nothing more, takes their keys and invitations along, and the last owner stays', async () => {
  const team = await createTeam(database.pool);
  const path = `/v1/organizations/${team.organizationId}`;
  const key = await createKey(database.pool, { accountId: team.accountId, memberId: team.admin.personId });
  await api.call('POST', `${path}/invitations`, {
    as: team.admin.personId,
    body: { email: 'guest@example.com' },
  });
  expect((await api.call('POST', `${path}/leave`, { as: team.owner.personId })).body.code).toBe('last-owner');
  expect((await api.call('POST', `${path}/leave`, { as: team.admin.personId })).status).toBe(204);
  expect((await api.call('GET', path, { as: team.admin.personId })).status).toBe(404);
  const { keys, invitations } = await membershipState(database.pool, team.organizationId);
  expect(keys).toEqual([{ id: key.apiKeyId, revoked: true }]);
  expect(invitations).toMatchObject([{ status: 'revoked' }]);
});

test('closing takes the slug as confirmation and the right of an owner', async () => {
  const team = await createTeam(database.pool);
  const path = `/v1/organizations/${team.organizationId}`;
  const { slug } = (await api.call('GET', path, { as: team.owner.personId })).body;
  const before = await membershipState(database.pool, team.organizationId);
  for (const as of [team.admin.personId, team.member.personId])
    expect((await api.call('POST', `${path}/close`, { as, body: { confirm: slug } })).status).toBe(403);
  for (const body of [{ confirm: 'other' }, {}, { confirm: slug, more: 1 }])
    expect((await api.call('POST', `${path}/close`, { as: team.owner.personId, body })).body.code).toBe(
      'request-invalid',
    );
  expect(await membershipState(database.pool, team.organizationId)).toEqual(before);
});

test('a closed organization has no members, keys or invitations, keeps its history, and cannot be joined again', async () => {
  const team = await createTeam(database.pool);
  const path = `/v1/organizations/${team.organizationId}`;
  await grant(database.pool, team.accountId, 7);
  for (const { personId } of [team.owner, team.member])
    await createKey(database.pool, { accountId: team.accountId, memberId: personId });
  await api.call('POST', `${path}/invitations`, {
    as: team.owner.personId,
    body: { email: 'late@example.com' },
  });
  const program = await createOrganizationToken(database.pool, team.organizationId);
  expect((await api.call('GET', path, { as: program })).status).toBe(200);
  const { slug } = (await api.call('GET', path, { as: team.owner.personId })).body;
  const close = { as: team.owner.personId, body: { confirm: slug } };
  const closed = await api.call('POST', `${path}/close`, close);
  expect(closed).toMatchObject({
    status: 200,
    body: { slug, role: null, closedAt: expect.any(String), remainder: '7.00' },
  });
  expect((await api.call('POST', `${path}/close`, close)).status).toBe(404);
  expect((await api.call('GET', '/v1/me', { as: team.owner.personId })).body.organizations).toEqual([]);
  const { rows: tokens } = await database.pool.query(
    'select revoked_at is not null as revoked from service_tokens where organization_id = $1',
    [team.organizationId],
  );
  expect(tokens).toEqual([{ revoked: true }]);
  await expect(createOrganizationToken(database.pool, team.organizationId)).rejects.toMatchObject({
    constraint: 'account-closed',
  });
  expect(await brokenMemberships(database.pool)).toEqual([]);

  const state = await membershipState(database.pool, team.organizationId);
  expect(state).toMatchObject({ state: 'closed', members: [], rules: 0 });
  expect(state.keys.map(({ revoked }) => revoked)).toEqual([true, true]);
  expect(state.invitations).toMatchObject([{ status: 'revoked' }]);
  const { rows } = await database.pool.query(
    `select after ->> 'balance' as remainder, actor_id from audit_lines where account_id = $1 and action = 'account.closed'`,
    [team.accountId],
  );
  expect(rows).toEqual([{ remainder: '7000000000', actor_id: team.owner.personId }]);
  const { rows: told } = await database.pool.query(
    `select person_id from notices where kind = 'organization-closed' and account_id = $1 order by person_id`,
    [team.accountId],
  );
  expect(told.map(({ person_id }) => person_id)).toEqual(
    [team.owner.personId, team.admin.personId, team.member.personId].sort(),
  );

  const now = new Date();
  const join = addMember(database.pool, {
    organizationId: team.organizationId,
    personId: team.outsider.personId,
    role: 'owner',
    now,
  });
  await expect(join).rejects.toMatchObject({ constraint: 'account-closed' });
  await expect(
    database.pool.query('update auth.organizations set closed_at = null where id = $1', [
      team.organizationId,
    ]),
  ).rejects.toMatchObject({ constraint: 'record-immutable' });
  await expect(grant(database.pool, team.accountId, 1)).rejects.toMatchObject({
    constraint: 'account-closed',
  });
  const again = { as: team.outsider.personId, body: { name: 'Acme', slug } };
  expect((await api.call('POST', '/v1/organizations', again)).body.code).toBe('slug-taken');
});

test.each<[string, string, unknown]>([
  ['an empty name', 'POST', { name: '' }],
  ['a name of blanks', 'POST', { name: '   ' }],
  ['a name of 10,000 characters', 'POST', { name: 'x'.repeat(10_000) }],
  ['a name with a control character', 'POST', { name: 'A\u0007' }],
  ['a name that turns the text around', 'POST', { name: 'Eve\u202egpj' }],
  ['half a character', 'POST', { name: '\ud800' }],
  ['no name', 'POST', {}],
  ['a slug with a space', 'POST', { name: 'A', slug: 'A b' }],
  ['a slug of 64 characters', 'POST', { name: 'A', slug: 'a'.repeat(64) }],
  ['a field that there is not', 'POST', { name: 'A', owner: 'me' }],
  ['nothing to rename', 'PATCH', {}],
  ['a new name of 101 characters', 'PATCH', { name: 'x'.repeat(101) }],
  ['a field that cannot be changed', 'PATCH', { name: 'A', closedAt: null }],
])('%s is refused, and nothing changes', async (_what, method, body) => {
  const team = await createTeam(database.pool);
  const path = method === 'POST' ? '/v1/organizations' : `/v1/organizations/${team.organizationId}`;
  const before = await counts();
  const answer = await api.call(method, path, { as: team.owner.personId, body });
  expect(answer).toMatchObject({ status: 400, body: { code: 'request-invalid' } });
  expect(await counts()).toEqual(before);
});

async function counts(): Promise<unknown> {
  const { rows } = await database.pool.query(
    `select (select count(*) from auth.organizations) as organizations, (select count(*) from audit_lines) as lines,
       (select max(name) from auth.organizations where name like 'x%') as renamed`,
  );
  return rows;
}
