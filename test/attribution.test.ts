// Attribution that survives: every past line still says who and which key, by the name of that time.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { SYSTEM, withActing } from '../ledger/acting.ts';
import { readNames } from '../ledger/reading/names.ts';
import { startTestApi, type TestApi } from './support/api.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import {
  createGatewayToken,
  createKey,
  createTeam,
  createTestAuth,
  signIn,
  type TestOrganization,
} from './support/people.ts';
import { createPrice, post, sendUsage } from './support/reading-usage.ts';

const DAY_MS = 86_400_000;

let database: TestDatabase;
let api: TestApi;
let team: TestOrganization;
let token: string;
let apiKeyId: string;

const daysAgo = (days: number) => new Date(Date.now() - days * DAY_MS);
const read = async (rest: string) =>
  (await api.json('GET', `/v1/accounts/${team.accountId}${rest}`, { token })).body;

/** Gives a new name at a moment. */
function rename(table: 'people' | 'organizations' | 'keys', id: string, name: string, at: Date) {
  const statement = {
    people: 'update auth.people set name = $2 where id = $1',
    organizations: 'update auth.organizations set name = $2 where id = $1',
    keys: 'update api_keys set name = $2 where id = $1',
  }[table];
  return withActing(database.pool, SYSTEM, at, (connection) => connection.query(statement, [id, name]));
}

beforeAll(async () => {
  database = await createTestDatabase();
  const { pool } = database;
  api = await startTestApi(database);
  team = await createTeam(pool, daysAgo(30));
  token = await signIn(createTestAuth(pool), team.owner.personId);
  const key = {
    accountId: team.accountId,
    memberId: team.member.personId,
    name: 'nightly',
    now: daysAgo(30),
  };
  ({ apiKeyId } = await createKey(pool, key));
  await createPrice(pool, 'swift');
  const gateway = await createGatewayToken(pool);
  const usage = (days: number) => ({
    id: uuidv7(),
    apiKeyId,
    model: 'swift',
    inputTokens: 1_000,
    outputTokens: 1_000,
    occurredAt: daysAgo(days).toISOString(),
  });
  const topUp = (days: number) =>
    pool.query(`select store_command($1, $2, $3, 'top-up', 5000000000, $4, $5)`, [
      uuidv7(),
      team.accountId,
      `purchase:${uuidv7()}`,
      { mode: 'manual', payerId: team.member.personId },
      daysAgo(days),
    ]);
  await topUp(10);
  await sendUsage(api, gateway, [usage(10), usage(6), usage(2)]);
  await topUp(2);
  await post(pool, team.accountId);
  await rename('people', team.member.personId, 'Max Married', daysAgo(7));
  await rename('people', team.member.personId, 'Max Moved', daysAgo(4));
  await rename('keys', apiKeyId, 'hourly', daysAgo(4));
});

afterAll(async () => {
  await api.close();
  await database.drop();
});

test('a line of the past names the member and the key as they were called then', async () => {
  const { items } = await read('/transactions?type=usage');
  const named = items.map((line: Record<string, Record<string, string>>) => [
    line['member']?.['name'],
    line['apiKey']?.['name'],
  ]);
  expect(named).toEqual([
    ['Max Moved', 'hourly'],
    ['Max Married', 'nightly'],
    ['Max Member', 'nightly'],
  ]);
  expect(items[0].member.id).toBe(team.member.personId);
});

test('history, statement and CSV name a payer as they were called when the credit came', async () => {
  const payers = (items: Record<string, unknown>[]) => items.map((line) => line['payer']);
  const then = [
    { id: team.member.personId, name: 'Max Moved' },
    { id: team.member.personId, name: 'Max Member' },
  ];
  expect(payers((await read('/transactions?type=top-up')).items)).toEqual(then);
  expect(payers((await read('/statement')).items).filter((payer) => payer !== undefined)).toEqual(then);
  const path = `/v1/accounts/${team.accountId}/transactions`;
  const csv = await (await api.call('GET', path, { token, headers: { accept: 'text/csv' } })).text();
  for (const name of ['Max Member', 'Max Married', 'Max Moved', 'nightly', 'hourly']) {
    expect(csv).toContain(name);
  }
});

test('sums, which are of no one moment, carry the name of now', async () => {
  expect((await read('/usage?groupBy=member,apiKey')).items).toMatchObject([
    { member: { name: 'Max Moved' }, apiKey: { name: 'hourly' }, events: 3 },
  ]);
});

test('who left, and a key that was revoked, stay on their lines; an account goes by its organization’s new name', async () => {
  const { pool } = database;
  await withActing(pool, SYSTEM, new Date(), async (connection) => {
    await connection.query('update api_keys set revoked_at = now(), revoked_by = $2 where id = $1', [
      apiKeyId,
      team.owner.personId,
    ]);
    await connection.query('delete from auth.members where person_id = $1', [team.member.personId]);
  });
  await rename('organizations', team.organizationId, 'Acme & Sons', new Date());
  expect((await read('/transactions?type=usage&limit=1')).items).toMatchObject([
    { member: { name: 'Max Moved' }, apiKey: { id: apiKeyId, name: 'hourly' } },
  ]);
  expect((await read('')).owner.name).toBe('Acme & Sons');
});

test('a name is the last one given at or before a moment, and before the first that one', async () => {
  const { pool } = database;
  const id = uuidv7();
  const names = ['one', 'two', 'three'] as const;
  for (const [index, name] of names.entries())
    await pool.query('insert into names (subject_id, since, name) values ($1, $2, $3)', [
      id,
      daysAgo(20 - index),
      name,
    ]);
  const ask = async (...days: number[]) => {
    const found = await readNames(
      pool,
      days.map((day) => ({ id, at: daysAgo(day) })),
    );
    return days.map((day) => found.at(id, daysAgo(day)));
  };
  expect(await ask(25, 19.5, 18.5, 17)).toEqual(['one', 'one', 'two', 'three']);
  expect(await ask(25)).toEqual(['one']);
  expect(await ask(18.5)).toEqual(['two']);
  const stranger = uuidv7();
  expect((await readNames(pool, [{ id: stranger, at: new Date() }])).named(stranger, new Date())).toEqual({
    id: stranger,
    name: null,
  });
});
