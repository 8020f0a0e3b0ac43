// Access to sign-in: every path served under /api/auth refuses whoever is not a person where it needs one.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { authEndpoints } from '../api/auth-endpoints.ts';
import { type Caller, callers } from '../dev/access/callers.ts';
import { digest } from './support/access-matrix/digest.ts';
import { callerOf, createWorld, type World } from './support/access-matrix/world.ts';
import { startTestApi, type TestApi } from './support/api.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { createTestAuth } from './support/people.ts';

/** Whoever comes is let in: there is nobody yet, or the link that was mailed says who it is. */
const OPEN = [
  '/sign-up/email',
  '/sign-in/email',
  '/sign-out',
  '/get-session',
  '/send-verification-email',
  '/verify-email',
  '/request-password-reset',
  '/reset-password',
  '/two-factor/verify-totp',
  '/two-factor/verify-backup-code',
];

/** Path → a request that is valid for a signed-in person; nobody else may make it. */
const FOR_PEOPLE: Readonly<Record<string, () => object>> = {
  '/change-password': () => ({ currentPassword: 'a long old one', newPassword: 'a long new one' }),
  '/change-email': () => ({ newEmail: `${randomUUID()}@example.com` }),
  '/update-user': () => ({ name: 'Another Name' }),
  '/two-factor/enable': () => ({ password: 'a long old one' }),
  '/two-factor/disable': () => ({ password: 'a long old one' }),
  '/two-factor/get-totp-uri': () => ({ password: 'a long old one' }),
  '/two-factor/generate-backup-codes': () => ({ password: 'a long old one' }),
};

let database: TestDatabase;
let api: TestApi;
let world: World;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startTestApi(database);
  world = await createWorld(database.pool, createTestAuth(database.pool));
});

afterAll(async () => {
  await api.close();
  await database.drop();
});

const isPerson = (name: Caller) => callerOf(world, name).person !== undefined;

test('every path that is served has a line here', () => {
  expect([...OPEN, ...Object.keys(FOR_PEOPLE)].sort()).toEqual(Object.keys(authEndpoints).sort());
});

describe('what is a person’s own is refused to nobody and to programs, and nothing changes', () => {
  test.each(Object.keys(FOR_PEOPLE))('%s', async (path) => {
    const method = authEndpoints[path]?.method ?? 'POST';
    const before = await digest(database.pool);
    for (const name of callers.filter((one) => !isPerson(one))) {
      const { token } = callerOf(world, name);
      const answer = await api.call(method, `/api/auth${path}`, { token, body: FOR_PEOPLE[path]?.() });
      expect([name, answer.status]).toEqual([name, 401]);
    }
    expect(await digest(database.pool)).toEqual(before);
  });
});

test('a program’s token opens no session, whatever path it is sent to', async () => {
  for (const name of callers.filter((one) => !isPerson(one))) {
    const { token } = callerOf(world, name);
    const answer = await api.json('GET', '/api/auth/get-session', { token });
    expect([name, answer.status, answer.body]).toEqual([name, 200, null]);
  }
});

test('what one person changes is their own: everybody else stays as they were', async () => {
  const { token, person } = callerOf(world, 'member');
  const others = async () =>
    (await database.pool.query('select * from auth.people where id <> $1 order by id', [person?.personId]))
      .rows;
  const before = await others();
  const { status } = await api.call('POST', '/api/auth/update-user', { token, body: { name: 'Maxine' } });
  expect(status).toBe(200);
  expect(await others()).toEqual(before);
});
