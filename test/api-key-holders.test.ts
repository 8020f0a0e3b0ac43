// Whose an API key is: handed over, and ended with the membership or the account.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { withActing } from '../ledger/acting.ts';
import { apiKeyCalls } from './support/api-key-calls.ts';
import { createTestDatabase, type TestDatabase, untilLocksAreAwaited } from './support/database.ts';
import { createKey, createOrganizationToken, createTeam, signIn } from './support/people.ts';
import { type PeopleApi, startPeopleApi } from './support/people-api.ts';

let database: TestDatabase;
let api: PeopleApi;
const now = new Date('2026-03-01T12:00:00Z');

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startPeopleApi(database, () => now);
});

afterAll(async () => {
  await api.close();
  await database.drop();
});

const { create, handOver, revokedOf } = apiKeyCalls(() => ({ api, pool: database.pool }));

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
  await untilLocksAreAwaited(database, changes.length);
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
