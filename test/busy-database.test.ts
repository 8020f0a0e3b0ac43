// A busy database: what others stood in the way of is tried again at once, or is for the caller to try again, never a fault.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { createTeam, type TestOrganization } from './support/people.ts';
import { type PeopleApi, startPeopleApi } from './support/people-api.ts';

let database: TestDatabase;
let api: PeopleApi;
let team: TestOrganization;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startPeopleApi(database);
  team = await createTeam(database.pool);
  // a sequence does not go back with the transaction, so it counts the tries
  await database.pool.query(
    `create table standing_in_the_way (code text not null, times int4 not null);
     create sequence tries;
     create function stand_in_the_way() returns trigger language plpgsql as $$
     declare
       w standing_in_the_way%rowtype;
     begin
       select * into w from standing_in_the_way;
       if nextval('tries') <= w.times then
         raise exception 'somebody stood in the way' using errcode = w.code;
       end if;
       return new;
     end $$;
     create trigger stands_in_the_way before update on auth.organizations for each row execute function stand_in_the_way()`,
  );
});
afterAll(async () => {
  await api.close();
  await database.drop();
});

/** Renames the organization while somebody stands in the way so many times. */
async function rename(name: string, code: string, times: number) {
  await database.pool.query(`delete from standing_in_the_way; select setval('tries', 1, false)`);
  await database.pool.query('insert into standing_in_the_way values ($1, $2)', [code, times]);
  const answer = await api.call('PATCH', `/v1/organizations/${team.organizationId}`, {
    as: team.owner.personId,
    body: { name },
  });
  const { rows } = await database.pool.query('select name from auth.organizations where id = $1', [
    team.organizationId,
  ]);
  return { ...answer, stored: rows[0]?.name };
}

test('a transaction that was ended to break a deadlock is made again, and nobody notices', async () => {
  for (const code of ['40P01', '40001'])
    expect(await rename(`Once ${code}`, code, 1)).toMatchObject({ status: 200, stored: `Once ${code}` });
  const { rows } = await database.pool.query(
    `select count(*)::int4 as lines from audit_lines where action = 'organization.renamed'`,
  );
  expect(rows).toEqual([{ lines: 2 }]);
});

test('a deadlock without end, a lock and a statement that took too long are a 503 to be sent again', async () => {
  for (const code of ['40P01', '40001', '55P03', '57014']) {
    const answer = await rename('Never', code, 1_000);
    expect([code, answer.status, answer.body.code]).toEqual([code, 503, 'database-busy']);
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(answer.stored).not.toBe('Never');
  }
});
