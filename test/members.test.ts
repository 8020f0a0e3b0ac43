// Members: who sees whom, who changes whose role, who removes whom, and what becomes of keys, invitations and cards.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { rolesWith } from '../api/access.ts';
import type { MemberRole } from '../ledger/members.ts';
import { addMember } from '../ledger/members.ts';
import { asMember } from '../ledger/membership.ts';
import { setRule } from './support/auto-top-up-rule.ts';
import { createTestDatabase, type TestDatabase, untilLocksAreAwaited } from './support/database.ts';
import { audited, membershipState, storeCard } from './support/membership.ts';
import { createKey, createPerson, createTeam, signIn, type TestOrganization } from './support/people.ts';
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

const path = (team: TestOrganization, rest = '') => `/v1/organizations/${team.organizationId}/members${rest}`;

async function join(team: TestOrganization, role: MemberRole): Promise<string> {
  const { personId } = await createPerson(database.pool, `Second ${role}`);
  await addMember(database.pool, { organizationId: team.organizationId, personId, role, now: new Date() });
  return personId;
}

test('every member sees names and roles; addresses only owners and admins, and everybody their own', async () => {
  const team = await createTeam(database.pool);
  const seen = async (as: string) =>
    (await api.call('GET', path(team), { as })).body.items.map((one: Record<string, unknown>) => [
      one['role'],
      one['name'],
      one['email'],
    ]);
  const all = [team.owner, team.admin, team.member];
  const rows = (visible: (personId: string) => boolean) =>
    all.map(({ personId, name, email }, i) => [
      ['owner', 'admin', 'member'][i],
      name,
      visible(personId) ? email : null,
    ]);
  expect(await seen(team.owner.personId)).toEqual(rows(() => true));
  expect(await seen(team.admin.personId)).toEqual(rows(() => true));
  expect(await seen(team.member.personId)).toEqual(rows((id) => id === team.member.personId));
  expect((await api.call('GET', path(team), { as: team.outsider.personId })).status).toBe(404);
});

test('members are read page by page, each once', async () => {
  const team = await createTeam(database.pool);
  for (let i = 0; i < 4; i += 1) await join(team, 'member');
  const ids: string[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const query = cursor === '' ? '?limit=3' : `?limit=3&cursor=${cursor}`;
    const { body } = await api.call('GET', path(team, query), { as: team.member.personId });
    ids.push(...body.items.map(({ id }: { id: string }) => id));
    cursor = body.nextCursor;
  }
  expect(ids).toHaveLength(7);
  expect(new Set(ids).size).toBe(7);
  expect((await api.call('GET', path(team, '?cursor=x'), { as: team.member.personId })).status).toBe(400);
});

test('before somebody is removed their keys in use are shown, to those who may remove them', async () => {
  const team = await createTeam(database.pool);
  const { accountId, member } = team;
  const used = await createKey(database.pool, { accountId, memberId: member.personId, name: 'production' });
  await createKey(database.pool, { accountId, memberId: member.personId, name: 'never used' });
  const old = await createKey(database.pool, { accountId, memberId: member.personId, name: 'used long ago' });
  for (const [apiKeyId, hours] of [
    [used.apiKeyId, 23],
    [old.apiKeyId, 25],
  ])
    await database.pool.query(
      `insert into usage_rollups (account_id, recorded_day, occurred_day, member_id, api_key_id, model, batched, event_count,
         input_tokens, cached_input_tokens, cache_write_tokens, output_tokens, cost, last_occurred_at)
       select $1, (at at time zone 'UTC')::date, (at at time zone 'UTC')::date, $2, $3, 'm', false, 1, 1, 0, 0, 1, 1, at
       from (select now() - make_interval(hours => $4::int4) as at) x`,
      [accountId, member.personId, apiKeyId, hours],
    );
  const ask = async (as: string) => (await api.call('GET', path(team, `/${member.personId}`), { as })).body;
  const shown = [
    { id: used.apiKeyId, name: 'production', prefix: expect.any(String), lastUsedAt: expect.any(String) },
  ];
  expect(await ask(team.owner.personId)).toMatchObject({ keysInUse: shown, sponsorsAutoTopUp: false });
  expect(await ask(member.personId)).toMatchObject({ keysInUse: shown });
  const colleague = await join(team, 'member');
  expect(await ask(colleague)).toMatchObject({ keysInUse: null, email: null });
});

test.each<[MemberRole, MemberRole, MemberRole, number]>([
  ['owner', 'member', 'owner', 200],
  ['owner', 'owner', 'member', 200],
  ['owner', 'admin', 'member', 200],
  ['admin', 'member', 'admin', 200],
  ['admin', 'admin', 'member', 200],
  ['admin', 'member', 'owner', 403],
  ['admin', 'owner', 'member', 403],
  ['member', 'member', 'admin', 403],
  ['member', 'admin', 'member', 403],
])('an %s who makes a %s %s is answered %i', async (caller, before, after, status) => {
  const team = await createTeam(database.pool);
  const target = await join(team, before);
  const stateBefore = await membershipState(database.pool, team.organizationId);
  const answer = await api.call('PATCH', path(team, `/${target}`), {
    as: team[caller].personId,
    body: { role: after },
  });
  expect(answer.status).toBe(status);
  const { members } = await membershipState(database.pool, team.organizationId);
  if (status === 200) {
    expect(members.find(({ person }) => person === target)?.role).toBe(after);
    expect((await audited(database.pool, team.accountId)).at(-1)).toEqual([
      'member.role-changed',
      team[caller].personId,
    ]);
  } else expect(members).toEqual(stateBefore.members);
});

test.each<[MemberRole, MemberRole, number]>([
  ['owner', 'owner', 204],
  ['owner', 'admin', 204],
  ['admin', 'admin', 204],
  ['admin', 'member', 204],
  ['admin', 'owner', 403],
  ['member', 'member', 403],
])('an %s who removes an %s is answered %i', async (caller, role, status) => {
  const team = await createTeam(database.pool);
  const target = await join(team, role);
  const { status: answered } = await api.call('DELETE', path(team, `/${target}`), {
    as: team[caller].personId,
  });
  expect(answered).toBe(status);
  const { members } = await membershipState(database.pool, team.organizationId);
  expect(members.some(({ person }) => person === target)).toBe(status !== 204);
  const { rows: told } = await database.pool.query(
    `select kind from notices where person_id = $1 and kind = 'member-removed'`,
    [target],
  );
  expect(told).toHaveLength(status === 204 ? 1 : 0);
});

test('the last owner neither removes nor demotes themselves', async () => {
  const team = await createTeam(database.pool);
  const own = path(team, `/${team.owner.personId}`);
  const as = team.owner.personId;
  const before = await membershipState(database.pool, team.organizationId);
  expect((await api.call('DELETE', own, { as })).body.code).toBe('last-owner');
  expect((await api.call('PATCH', own, { as, body: { role: 'admin' } })).body.code).toBe('last-owner');
  expect(await membershipState(database.pool, team.organizationId)).toEqual(before);
});

test('the keys of a removed member end, but for those handed over, which work on for their new member', async () => {
  const team = await createTeam(database.pool);
  const { accountId, member, admin } = team;
  const production = await createKey(database.pool, { accountId, memberId: member.personId });
  const other = await createKey(database.pool, { accountId, memberId: member.personId });
  const query = `?handOver=${production.apiKeyId}:${admin.personId}`;
  const removed = await api.call('DELETE', path(team, `/${member.personId}${query}`), {
    as: team.owner.personId,
  });
  expect(removed.status).toBe(204);
  const { rows } = await database.pool.query(
    'select id, member_id, revoked_at is not null as revoked from api_keys where account_id = $1 order by id',
    [accountId],
  );
  expect(rows).toEqual([
    { id: production.apiKeyId, member_id: admin.personId, revoked: false },
    { id: other.apiKeyId, member_id: member.personId, revoked: true },
  ]);
});

test.each(['demoted', 'removed'])(
  'a sponsor who is %s pauses auto top-up in the same moment; owners and admins are told, and so is the sponsor',
  async (how) => {
    const team = await createTeam(database.pool);
    const second = await join(team, 'admin');
    const paymentMethodId = await storeCard(database.pool, team.admin);
    await setRule(database.pool, {
      accountId: team.accountId,
      sponsorId: team.admin.personId,
      paymentMethodId,
    });
    const target = path(team, `/${team.admin.personId}`);
    const change = { as: team.owner.personId, body: { role: 'member' } };
    const { status } =
      how === 'demoted'
        ? await api.call('PATCH', target, change)
        : await api.call('DELETE', target, { as: team.owner.personId });
    expect(status).toBeLessThan(300);
    const { rows } = await database.pool.query(
      `select state, suspension from auto_top_up_rules where account_id = $1`,
      [team.accountId],
    );
    expect(rows).toEqual([{ state: 'suspended', suspension: 'sponsor-left' }]);
    const { rows: told } = await database.pool.query(
      `select kind, person_id from notices where account_id = $1 and kind <> 'member-removed' order by kind, person_id`,
      [team.accountId],
    );
    expect(told).toEqual([
      ...[team.owner.personId, second]
        .sort()
        .map((person_id) => ({ kind: 'auto-top-up-suspended', person_id })),
      { kind: 'sponsorship-ended', person_id: team.admin.personId },
    ]);
    expect((await audited(database.pool, team.accountId)).slice(-2).sort()).toEqual([
      ['auto-top-up.suspended', team.owner.personId],
      [how === 'demoted' ? 'member.role-changed' : 'member.removed', team.owner.personId],
    ]);
  },
);

test('a rule that was paused for another reason does not go on for a sponsor who has left', async () => {
  const team = await createTeam(database.pool);
  const { accountId, admin } = team;
  const paymentMethodId = await storeCard(database.pool, admin);
  await setRule(database.pool, { accountId, sponsorId: admin.personId, paymentMethodId });
  await database.pool.query(`select suspend_auto_top_up($1, 'payment-quarantined', null, now())`, [
    accountId,
  ]);
  await api.call('DELETE', path(team, `/${admin.personId}`), { as: team.owner.personId });
  await database.pool.query(
    `update auto_top_up_rules set state = 'enabled', suspension = null where account_id = $1`,
    [accountId],
  );
  const { rows } = await database.pool.query(
    `select state, suspension from auto_top_up_rules where account_id = $1`,
    [accountId],
  );
  expect(rows).toEqual([{ state: 'suspended', suspension: 'sponsor-left' }]);
  await expect(
    setRule(database.pool, { accountId, sponsorId: team.member.personId, paymentMethodId }),
  ).rejects.toMatchObject({ constraint: 'forbidden' });
});

test('a key that is not theirs, and a member who is none, hand nothing over and remove nobody', async () => {
  const team = await createTeam(database.pool);
  const { accountId, member, admin, owner } = team;
  const theirs = await createKey(database.pool, { accountId, memberId: member.personId });
  const expired = await createKey(database.pool, {
    accountId,
    memberId: member.personId,
    now: new Date(Date.now() - 2_000),
    expiresAt: new Date(Date.now() - 1_000),
  });
  const notTheirs = await createKey(database.pool, { accountId, memberId: admin.personId });
  const before = await membershipState(database.pool, team.organizationId);
  const remove = (handOver: string) =>
    api.call('DELETE', path(team, `/${member.personId}?handOver=${handOver}`), { as: owner.personId });
  for (const [handOver, code] of [
    [`${notTheirs.apiKeyId}:${owner.personId}`, 'api-key-unknown'],
    [`${NOBODYS_ID}:${owner.personId}`, 'api-key-unknown'],
    [`${expired.apiKeyId}:${owner.personId}`, 'api-key-inactive'],
    [`${theirs.apiKeyId}:${team.outsider.personId}`, 'member-not-found'],
    [`${theirs.apiKeyId}:${member.personId}`, 'member-not-found'],
    [theirs.apiKeyId, 'request-invalid'],
    ['', 'request-invalid'],
  ] as const)
    expect([handOver, (await remove(handOver)).body.code]).toEqual([handOver, code]);
  expect(await membershipState(database.pool, team.organizationId)).toEqual(before);
});

test.each([
  ['nobody’s id', 'PATCH', NOBODYS_ID, { role: 'member' }, 404],
  ['no id', 'PATCH', 'x', { role: 'member' }, 404],
  ['nobody’s id', 'DELETE', NOBODYS_ID, undefined, 404],
  ['nobody’s id', 'GET', NOBODYS_ID, undefined, 404],
  ['a role that there is not', 'PATCH', undefined, { role: 'boss' }, 400],
  ['two roles', 'PATCH', undefined, { role: 'owner,admin' }, 400],
  ['no role', 'PATCH', undefined, {}, 400],
  ['a field that there is not', 'PATCH', undefined, { role: 'admin', name: 'X' }, 400],
  ['a query that there is not', 'DELETE', '?force=true', undefined, 400],
])('%s is refused to %s, and nothing changes', async (_what, method, id, body, status) => {
  const team = await createTeam(database.pool);
  const before = await membershipState(database.pool, team.organizationId);
  const target = id?.startsWith('?') ? `${team.member.personId}${id}` : (id ?? team.member.personId);
  const answer = await api.call(method, path(team, `/${target}`), { as: team.owner.personId, body });
  expect(answer.status).toBe(status);
  expect(answer.headers.get('content-type')).toContain('application/problem+json');
  expect(await membershipState(database.pool, team.organizationId)).toEqual(before);
});

test('the person of another organization is no member here', async () => {
  const [mine, theirs] = [await createTeam(database.pool), await createTeam(database.pool)];
  const before = await membershipState(database.pool, theirs.organizationId);
  const as = mine.owner.personId;
  const foreign = path(mine, `/${theirs.member.personId}`);
  expect((await api.call('PATCH', foreign, { as, body: { role: 'admin' } })).status).toBe(404);
  expect((await api.call('DELETE', foreign, { as })).status).toBe(404);
  expect((await api.call('DELETE', path(theirs, `/${theirs.member.personId}`), { as })).status).toBe(404);
  expect(await membershipState(database.pool, theirs.organizationId)).toEqual(before);
});

test('the right is judged when the change is made: who was demoted a moment ago changes nothing', async () => {
  const team = await createTeam(database.pool);
  const acting = {
    organizationId: team.organizationId,
    personId: team.admin.personId,
    actor: { kind: 'person', id: team.admin.personId },
    rolesWith,
  } as const;
  const work = asMember(database.pool, acting, 'manage-members', new Date(), async () => 'done');
  expect(await work).toBe('done');
  await database.pool.query(`update auth.members set role = 'member' where person_id = $1`, [
    acting.personId,
  ]);
  await expect(
    asMember(database.pool, acting, 'manage-members', new Date(), async () => 'done'),
  ).rejects.toMatchObject({ code: 'forbidden' });
  await database.pool.query('delete from auth.members where person_id = $1', [acting.personId]);
  await expect(
    asMember(database.pool, acting, 'manage-members', new Date(), async () => 'done'),
  ).rejects.toMatchObject({ code: 'organization-not-found' });
});

test('whoever is removed while they change auto top-up changes nothing', async () => {
  const { pool } = database;
  const team = await createTeam(pool);
  const { accountId, organizationId, owner, admin } = team;
  const paymentMethodId = await storeCard(pool, owner);
  await setRule(pool, { accountId, sponsorId: owner.personId, paymentMethodId });
  const to = `/v1/accounts/${accountId}/auto-top-up`;
  const { body: before } = await api.call('GET', to, { as: owner.personId });
  const lower = { threshold: '5.00', amount: '10.00', monthlyCap: '10.00' };
  const as = await signIn(api.auth, admin.personId);
  const removal = await pool.connect();
  await removal.query('begin');
  await removal.query('select lock_organization($1)', [organizationId]);
  const answers = [api.call('PUT', to, { as, body: lower }), api.call('DELETE', to, { as })];
  await untilLocksAreAwaited(database, answers.length);
  await removal.query('delete from auth.members where organization_id = $1 and person_id = $2', [
    organizationId,
    admin.personId,
  ]);
  await removal.query('commit');
  removal.release();
  for (const answer of await Promise.all(answers))
    expect(answer).toMatchObject({ status: 404, body: { code: 'account-not-found' } });
  expect((await api.call('GET', to, { as: owner.personId })).body).toEqual(before);
});
