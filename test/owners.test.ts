// Owners: an organization always has one, however they come and go.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Connection, withTransaction } from '../ledger/database.ts';
import { addMember } from '../ledger/members.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { createOrganization, createPerson, createTeam } from './support/people.ts';

const ROUNDS = 8;

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(() => database.drop());

test('an organization never has zero owners, also when its two owners leave at the same moment', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const { organizationId, first, second } = await twoOwners();
    const outcomes = await Promise.allSettled([leave(organizationId, first), leave(organizationId, second)]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'last-owner' },
    });
    expect(await ownersOf(organizationId)).toBe(1);
  }
});

test('an organization never has zero owners, also when its two owners demote each other at the same moment', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const { organizationId, first, second } = await twoOwners();
    const outcomes = await Promise.allSettled([
      setRole(organizationId, first, 'member'),
      setRole(organizationId, second, 'admin'),
    ]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await ownersOf(organizationId)).toBe(1);
  }
});

test('the only owner may hand over and leave in one transaction, in whatever order', async () => {
  const team = await createTeam(database.pool);
  await withTransaction(database.pool, async (connection) => {
    await leave(team.organizationId, team.owner.personId, connection);
    await setRole(team.organizationId, team.admin.personId, 'owner', connection);
  });
  expect(await ownersOf(team.organizationId)).toBe(1);
  await expect(leave(team.organizationId, team.admin.personId)).rejects.toMatchObject({ code: 'last-owner' });
});

test('a membership is of one person in one organization and in one of three roles', async () => {
  const team = await createTeam(database.pool);
  const { organizationId } = team;
  const { personId } = team.member;
  const again = addMember(database.pool, { organizationId, personId, role: 'admin', now: new Date() });
  await expect(again).rejects.toMatchObject({ constraint: 'member_unique' });
  const change = (set: string) =>
    database.pool.query(`update auth.members set ${set} where person_id = $1`, [personId]);
  await expect(change(`role = 'owner,admin'`)).rejects.toMatchObject({ constraint: 'member_role' });
  await expect(change(`person_id = '${team.outsider.personId}'`)).rejects.toMatchObject({
    constraint: 'record-immutable',
  });
});

async function twoOwners() {
  const { pool } = database;
  const [first, second] = await Promise.all([createPerson(pool), createPerson(pool)]);
  const { organizationId } = await createOrganization(pool, first.personId);
  await addMember(pool, { organizationId, personId: second.personId, role: 'owner', now: new Date() });
  return { organizationId, first: first.personId, second: second.personId };
}

function leave(organizationId: string, personId: string, connection?: Connection) {
  return change(
    'delete from auth.members where organization_id = $1 and person_id = $2',
    [organizationId, personId],
    connection,
  );
}

function setRole(organizationId: string, personId: string, role: string, connection?: Connection) {
  const text = 'update auth.members set role = $3 where organization_id = $1 and person_id = $2';
  return change(text, [organizationId, personId, role], connection);
}

async function change(text: string, values: string[], connection?: Connection): Promise<void> {
  if (connection) await connection.query(text, values);
  else await withTransaction(database.pool, (own) => own.query(text, values));
}

async function ownersOf(organizationId: string): Promise<number> {
  const { rows } = await database.pool.query(
    `select from auth.members where organization_id = $1 and role = 'owner'`,
    [organizationId],
  );
  return rows.length;
}
