// Invitations in a race with erasures: of whom they are for, of who made them, of both; all lock in one order.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { brokenMemberships, secretFor } from '../support/membership.ts';
import { createOperator } from '../support/operators.ts';
import { createPerson, createTeam, signIn, type TestPerson } from '../support/people.ts';
import { type PeopleApi, startPeopleApi } from '../support/people-api.ts';
import { type Dice, rollDice, rounds, timeLimitMs } from '../support/soak.ts';

const FEW = 15;
const MOST_DELAY_MS = 6;

let database: TestDatabase;
let api: PeopleApi;
let operator: string;
let dice: Dice;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startPeopleApi(database);
  operator = await createOperator(database.pool, 'support');
  dice = rollDice('erased-guests');
});
afterAll(() => database.drop());

/** An admin who invites somebody, and by that somebody, in a team of their own, is invited too. */
async function invitedByEachOther() {
  const { pool } = database;
  const teams = [await createTeam(pool), await createTeam(pool)] as const;
  const [one, other] = [teams[0].admin, teams[1].admin];
  await invite(teams[0].organizationId, one, other);
  await invite(teams[1].organizationId, other, one);
  const guest = await createPerson(pool);
  await invite(teams[0].organizationId, one, guest);
  return { one, other, guest };
}

async function invite(organizationId: string, by: TestPerson, guest: TestPerson): Promise<void> {
  const path = `/v1/organizations/${organizationId}/invitations`;
  const { status } = await api.call('POST', path, { as: by.personId, body: { email: guest.email } });
  expect(status).toBe(201);
}

async function answer(guest: TestPerson): Promise<() => Promise<number>> {
  const as = await signIn(api.auth, guest.personId);
  const link = `/v1/invitations/${await secretFor(database.pool, guest.email)}`;
  return () => later('POST', `${link}/${dice.pick(['accept', 'accept', 'decline'])}`, { as });
}

const erase =
  ({ personId }: TestPerson) =>
  () =>
    later('POST', `/v1/operator/people/${personId}/erasure`, { as: operator, body: { reason: 'a test' } });

async function later(method: string, path: string, more: { as: string; body?: object }): Promise<number> {
  await sleep(dice.between(0, MOST_DELAY_MS));
  return (await api.call(method, path, more)).status;
}

test(
  'invitations are answered while their guests and those who made them are erased, and nobody stands in nobody’s way',
  async () => {
    for (let round = 0; round < rounds(FEW); round += 1) {
      const { one, other, guest } = await invitedByEachOther();
      const answers = [await answer(guest), await answer(one), await answer(other)];
      const erasures = dice.shuffled([one, other, guest]).map(erase);
      const [statuses, erased] = await Promise.all([
        Promise.all(answers.map((work) => work())),
        Promise.all(erasures.map((work) => work())),
      ]);
      expect(erased).toEqual([204, 204, 204]);
      for (const status of statuses) expect([200, 204, 401, 403, 404, 409]).toContain(status);
      const { rows } = await database.pool.query(
        `select from auth.members m join auth.people p on p.id = m.person_id where p.erased_at is not null
         union all select from auth.invitations where status = 'pending'`,
      );
      expect(rows).toHaveLength(0);
    }
    expect(await brokenMemberships(database.pool)).toEqual([]);
    // its connections tell what they had to break when they end
    await api.close();
    expect(await deadlocks()).toBe(0);
  },
  timeLimitMs(FEW),
);

async function deadlocks(): Promise<number> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    const { rows } = await client.query<{ deadlocks: number }>(
      'select deadlocks::int4 from pg_stat_database where datname = current_database()',
    );
    return rows[0]?.deadlocks ?? 0;
  } finally {
    await client.end();
  }
}
