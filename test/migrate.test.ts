// Migrations: only forward, each whole or not at all, and safe to run from every process that starts.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { migrate } from '../ledger/migrate.ts';
import { createEmptyDatabase, type TestDatabase } from './support/database.ts';
import { createPerson } from './support/people.ts';

let directory: string;
let database: TestDatabase;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'coffer-migrations-'));
  database = await createEmptyDatabase();
});

afterEach(async () => {
  await database.drop();
  rmSync(directory, { recursive: true });
});

test('processes that start at once apply every migration once', async () => {
  add('0001_jars.sql', 'select pg_sleep(0.2); create table jars (id int4 primary key);');
  add('0002_labels.sql', 'alter table jars add label text;');
  const applied = await Promise.all([1, 2, 3, 4].map(() => migrate(database.url, { directory })));
  expect(applied.flat().sort()).toEqual(['0001_jars', '0002_labels']);
});

test('a migration that fails leaves nothing of itself, says where, and runs again once it is mended', async () => {
  add('0001_jars.sql', 'create table jars (id int4 primary key);');
  add('0002_labels.sql', 'create table labels (id int4); insert into nowhere values (1);');
  await expect(migrate(database.url, { directory })).rejects.toThrow(/0002_labels.*nowhere/s);
  expect(await tables()).toEqual(['jars', 'migrations']);
  add('0002_labels.sql', 'create table labels (id int4);');
  expect(await migrate(database.url, { directory })).toEqual(['0002_labels']);
  expect(await migrate(database.url, { directory })).toEqual([]);
});

test('a migration that was slipped in before one already applied is refused', async () => {
  add('0002_labels.sql', 'create table labels (id int4);');
  await migrate(database.url, { directory });
  add('0001_jars.sql', 'create table jars (id int4);');
  await expect(migrate(database.url, { directory })).rejects.toThrow(/0001_jars/);
  expect(await tables()).toEqual(['labels', 'migrations']);
});

test('the ledger migrates an empty database, and has nothing to do the second time', async () => {
  const log: string[] = [];
  expect((await migrate(database.url, { log: (line) => log.push(line) })).length).toBe(log.length);
  expect(log[0]).toMatch(/^migrated 0001_/);
  expect(await migrate(database.url)).toEqual([]);
});

test('the currency is chosen at the first start, and with accounts in another one nothing starts', async () => {
  await migrate(database.url);
  await migrate(database.url, { currency: 'eur' });
  await migrate(database.url, { currency: 'chf' });
  await createPerson(database.pool);
  await migrate(database.url, { currency: 'chf' });
  await migrate(database.url);
  await expect(migrate(database.url, { currency: 'usd' })).rejects.toThrow(
    'this database keeps its accounts in chf, which cannot change to usd any more',
  );
  const { rows } = await database.pool.query('select currency from accounts');
  expect(rows).toEqual([{ currency: 'chf' }]);
});

function add(name: string, sql: string): void {
  writeFileSync(join(directory, name), sql);
}

async function tables(): Promise<string[]> {
  const { rows } = await database.pool.query<{ tablename: string }>(
    `select tablename from pg_tables where schemaname = 'public' order by tablename`,
  );
  return rows.map(({ tablename }) => tablename);
}
