// Upkeep: what is kept for a while goes when that is over, some at a time, and what is still needed stays.
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { deleteWhatIsOver } from '../ledger/upkeep.ts';
import { upkeep } from '../worker/upkeep.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { createPerson, type TestPerson } from './support/people.ts';

const NOW = new Date('2026-03-01T12:00:00Z');
const HOUR_MS = 3_600_000;
const hoursAgo = (hours: number) => new Date(NOW.getTime() - hours * HOUR_MS);

let database: TestDatabase;
let person: TestPerson;

beforeAll(async () => {
  database = await createTestDatabase();
  person = await createPerson(database.pool);
});
beforeEach(() =>
  database.pool.query('truncate idempotency_keys, rate_limits, auth.sessions, auth.verifications, notices'),
);
afterAll(() => database.drop());

const answer = (key: string, claimedAt: Date, status: number | null = 200) =>
  database.pool.query(
    `insert into idempotency_keys (caller, key, request_hash, resource_id, claimed_at, status) values ('x', $1, '', $2, $3, $4)`,
    [key, uuidv7(), claimedAt, status],
  );

const names = async (statement: string): Promise<string[]> =>
  (await database.pool.query<{ name: string }>(`${statement} order by 1`)).rows.map(({ name }) => name);

test('the answer to an Idempotency-Key is kept for 24 hours, and then the key is free', async () => {
  await answer('yesterday', hoursAgo(24));
  await answer('yesterday, never answered', hoursAgo(24), null);
  await answer('a moment later', new Date(hoursAgo(24).getTime() + 1));
  await answer('now', NOW);
  const deleted = await deleteWhatIsOver(database.pool, NOW, 100);
  expect(deleted.get('idempotency-keys')).toBe(2);
  expect(await names('select key as name from idempotency_keys')).toEqual(['a moment later', 'now']);
});

test('so many rows go at a time, the oldest first, and those that somebody holds later', async () => {
  for (let hours = 30; hours < 35; hours += 1) await answer(`${hours} hours`, hoursAgo(hours));
  const holder = await database.pool.connect();
  await holder.query(`begin; select from idempotency_keys where key = '34 hours' for update`);
  expect((await deleteWhatIsOver(database.pool, NOW, 2)).get('idempotency-keys')).toBe(2);
  expect(await names('select key as name from idempotency_keys')).toEqual([
    '30 hours',
    '31 hours',
    '34 hours',
  ]);
  await holder.query('rollback');
  holder.release();
  expect((await deleteWhatIsOver(database.pool, NOW, 100)).get('idempotency-keys')).toBe(3);
});

test('attempts go with their window, sessions and links a day after they expired, mail 90 days after it was sent', async () => {
  const { pool } = database;
  for (const [key, hours] of [
    ['over', 0],
    ['under way', -1],
  ] as const)
    await pool.query('insert into rate_limits (key, points, expire) values ($1, 1, $2)', [
      key,
      hoursAgo(hours).getTime(),
    ]);
  for (const [name, hours] of [
    ['expired', 25],
    ['expired just now', 1],
    ['in use', -1],
  ] as const) {
    await pool.query(
      `insert into auth.sessions (id, person_id, token, expires_at, created_at, updated_at) values ($1, $2, $3, $4, $5, $5)`,
      [uuidv7(), person.personId, name, hoursAgo(hours), hoursAgo(24 * 8)],
    );
    await pool.query(
      `insert into auth.verifications (id, identifier, value, expires_at, created_at, updated_at) values ($1, $2, 'x', $3, $4, $4)`,
      [uuidv7(), name, hoursAgo(hours), hoursAgo(24 * 8)],
    );
  }
  for (const [kind, days, waits] of [
    ['sent long ago', 90, false],
    ['waits, however old', 200, true],
    ['sent', 89, false],
  ] as const)
    await pool.query(
      `insert into notices (id, key, kind, person_id, created_at, next_try_at) values ($1, $2, $2, $3, $4, $5)`,
      [uuidv7(), kind, person.personId, hoursAgo(24 * days), waits ? NOW : null],
    );
  expect(Object.fromEntries(await deleteWhatIsOver(pool, NOW, 100))).toEqual({
    'idempotency-keys': 0,
    'rate-limits': 1,
    sessions: 1,
    verifications: 1,
    notices: 1,
  });
  expect(await names('select key as name from rate_limits')).toEqual(['under way']);
  for (const statement of [
    'select token as name from auth.sessions',
    'select identifier as name from auth.verifications',
  ])
    expect(await names(statement)).toEqual(['expired just now', 'in use']);
  expect(await names('select kind as name from notices')).toEqual(['sent', 'waits, however old']);
});

test('the worker goes on while there is more than it takes at once, and then rests', async () => {
  const { pool } = database;
  await pool.query(
    `insert into idempotency_keys (caller, key, request_hash, resource_id, claimed_at)
     select 'x', n::text, '', gen_random_uuid(), $1 from generate_series(1, 700) n`,
    [hoursAgo(25)],
  );
  const task = upkeep(pool);
  expect([await task.run(NOW, 50), await task.run(NOW, 50), await task.run(NOW, 50)]).toEqual([500, 200, 0]);
  await answer('comes with the next look', hoursAgo(25));
  expect(await task.run(NOW, 50)).toBe(0);
});
