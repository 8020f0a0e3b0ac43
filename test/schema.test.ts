// ledger/schema.sql is what the migrations lead to: it is current, and it builds the same database.
import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from '@jest/globals';
import pg from 'pg';
import { describeSchema } from '../dev/schema/describe.ts';
import { readCatalogue } from './support/catalogue.ts';
import { createEmptyDatabase, createTestDatabase, type TestDatabase } from './support/database.ts';

const schema = readFileSync(new URL('../ledger/schema.sql', import.meta.url), 'utf8');
const opened: TestDatabase[] = [];

afterEach(async () => {
  for (const database of opened.splice(0)) await database.drop();
});

test('schema.sql is current: after a migration was added, npm run schema was run', async () => {
  const migrated = await open(createTestDatabase());
  expect(await describe(migrated)).toBe(schema);
});

test('a database built from schema.sql has the catalogue of a migrated one', async () => {
  const [migrated, built] = [await open(createTestDatabase()), await open(createEmptyDatabase())];
  await built.pool.query(schema);
  const [expected, found] = [await readCatalogue(migrated.pool), await readCatalogue(built.pool)];
  expect(expected['columns']?.length).toBeGreaterThan(100);
  expect(found).toEqual(expected);
});

test('what schema.sql cannot say is refused by name instead of left out', async () => {
  const database = await open(createEmptyDatabase());
  await database.pool.query(`
    create sequence tickets; create domain dollars as numeric; create table gone () with (fillfactor = 50);
    alter table gone enable row level security; create materialized view old as select 1 as one`);
  await expect(describe(database)).rejects.toThrow(
    /relation public\.gone, relation public\.old, sequence public\.tickets, type public\.dollars/,
  );
});

async function open(database: Promise<TestDatabase>): Promise<TestDatabase> {
  opened.push(await database);
  return database;
}

async function describe(database: TestDatabase): Promise<string> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    return await describeSchema(client);
  } finally {
    await client.end();
  }
}
