// Who may be erased: on their own word or an operator's, never the only owner, and once for all.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { SYSTEM } from '../ledger/acting.ts';
import { erasePerson } from '../ledger/erasure.ts';
import { addMember } from '../ledger/members.ts';
import { startTestApi, type TestApi } from './support/api.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { createOperator } from './support/operators.ts';
import { createOrganization, createPerson, createTeam, createTestAuth, signIn } from './support/people.ts';

const ROUNDS = 6;

let database: TestDatabase;
let api: TestApi;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startTestApi(database);
});

afterAll(async () => {
  await api.close();
  await database.drop();
});

const tokenOf = (person: { personId: string }) => signIn(createTestAuth(database.pool), person.personId);

test('the only owner is told of which organizations, and nothing is erased', async () => {
  const { pool } = database;
  const person = await createPerson(pool, 'Ole Owner');
  for (const name of ['Umbrella', 'Acme']) await createOrganization(pool, person.personId, name);
  const token = await tokenOf(person);
  const answer = await api.json('POST', '/v1/me/erasure', { token, body: { confirm: person.email } });
  expect([answer.status, answer.body.code]).toEqual([409, 'last-owner']);
  expect(answer.body.detail).toContain('Acme, Umbrella');
  expect((await api.json('GET', '/v1/me', { token })).body.name).toBe('Ole Owner');
});

test('it takes the address to be typed', async () => {
  const person = await createPerson(database.pool);
  const token = await tokenOf(person);
  for (const body of [{ confirm: 'somebody@else.example' }, { confirm: '' }, {}, undefined]) {
    const { status } = await api.json('POST', '/v1/me/erasure', { token, body });
    expect(status).toBe(400);
  }
  expect((await api.json('GET', '/v1/me', { token })).status).toBe(200);
});

test('an operator without the scope for money erases nobody', async () => {
  const person = await createPerson(database.pool);
  const token = await createOperator(database.pool, 'reader', ['read', 'prices']);
  const path = `/v1/operator/people/${person.personId}/erasure`;
  expect((await api.json('POST', path, { token, body: { reason: 'x' } })).status).toBe(403);
});

test('nobody signs in or joins as somebody who was erased, also not at the same moment', async () => {
  const { pool } = database;
  for (let round = 0; round < ROUNDS; round++) {
    const team = await createTeam(pool);
    const { personId } = team.outsider;
    const { organizationId } = team;
    const outcomes = await Promise.allSettled([
      erasePerson(pool, SYSTEM, { personId }, new Date()),
      addMember(pool, { organizationId, personId, role: 'member', now: new Date() }),
      signIn(createTestAuth(pool), personId),
    ]);
    expect(outcomes[0]?.status).toBe('fulfilled');
    const { rows } = await pool.query(
      `select 'member' as what from auth.members where person_id = $1
       union all select 'session' from auth.sessions where person_id = $1`,
      [personId],
    );
    expect(rows).toEqual([]);
  }
});

test('two owners who are erased at the same moment leave one', async () => {
  const { pool } = database;
  for (let round = 0; round < ROUNDS; round++) {
    const team = await createTeam(pool);
    await pool.query(`update auth.members set role = 'owner' where person_id = $1`, [team.admin.personId]);
    const outcomes = await Promise.allSettled(
      [team.owner, team.admin].map(({ personId }) => erasePerson(pool, SYSTEM, { personId }, new Date())),
    );
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'last-owner' },
    });
  }
});
