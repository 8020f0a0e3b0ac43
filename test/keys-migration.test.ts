// Migration 0010 on a database that has been in use: keys keep their secrets, holders and last use, tokens get an end.
import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { KeyDirectory, keyName } from '../ledger/intake/key-directory.ts';
import { migrate } from '../ledger/migrate.ts';
import { createSecret, hashSecret } from '../ledger/secrets.ts';
import { createEmptyDatabase, type TestDatabase } from './support/database.ts';

const MIGRATIONS = fileURLToPath(new URL('../ledger/migrations', import.meta.url));
const PERSON = '01900000-0000-7000-8000-000000000001';
const ACTIVE = '01900000-0000-7000-8000-000000000002';
const REVOKED = '01900000-0000-7000-8000-000000000003';

let database: TestDatabase;
const secret = createSecret('test');

beforeAll(async () => {
  database = await createEmptyDatabase();
  const before = mkdtempSync(join(tmpdir(), 'coffer-migrations-'));
  try {
    for (const file of readdirSync(MIGRATIONS).filter((name) => name < '0010'))
      copyFileSync(join(MIGRATIONS, file), join(before, file));
    await migrate(database.url, { directory: before });
  } finally {
    rmSync(before, { recursive: true });
  }
  await fill();
  await migrate(database.url);
});

afterAll(async () => {
  await database.drop();
});

test('a key works on by the secret it had, for the member who had it', async () => {
  const name = keyName(undefined, secret);
  const found = await new KeyDirectory(database.pool).find(new Set([name, REVOKED]));
  const created = new Date('2026-01-01T00:00:00Z');
  expect(found.get(name)).toMatchObject({
    id: ACTIVE,
    holders: [{ memberId: PERSON, since: created }],
    revokedAt: null,
    secretEndsAt: null,
  });
  expect(found.get(REVOKED)?.revokedAt).toEqual(new Date('2026-02-01T00:00:00Z'));
});

test('its last use is that of its newest usage', async () => {
  const { rows } = await database.pool.query(
    'select api_key_last_used($1) as last, api_key_spent($1, $2) as spent',
    [ACTIVE, '2026-01-01'],
  );
  expect(rows).toEqual([{ last: new Date('2026-01-10T12:00:01Z'), spent: '30' }]);
});

test('a token of an operator that had no end gets one, a year after it was made; a gateway’s lasts', async () => {
  const { rows } = await database.pool.query('select kind, expires_at from service_tokens order by kind');
  expect(rows).toEqual([
    { kind: 'gateway', expires_at: null },
    { kind: 'operator', expires_at: new Date('2027-01-02T00:00:00Z') },
  ]);
});

/** What stood there: two keys of a person, usage of one, and a token of each kind. */
async function fill(): Promise<void> {
  const { pool } = database;
  await pool.query(
    `insert into auth.people (id, name, email, created_at, updated_at) values ($1, 'Pia', 'pia@example.com', $2, $2)`,
    [PERSON, '2026-01-01'],
  );
  const { rows } = await pool.query<{ id: string }>('select id from accounts where owner_id = $1', [PERSON]);
  const account = rows[0]?.id;
  for (const [id, hash] of [
    [ACTIVE, hashSecret(secret)],
    [REVOKED, hashSecret(createSecret('test'))],
  ]) {
    await pool.query(
      `insert into api_keys (id, account_id, member_id, name, secret_hash, prefix, created_at, created_by)
       values ($1, $2, $3, 'old', $4, 'cof_test_', '2026-01-01T00:00:00Z', $3)`,
      [id, account, PERSON, hash],
    );
  }
  await pool.query(`update api_keys set revoked_at = '2026-02-01T00:00:00Z', revoked_by = $2 where id = $1`, [
    REVOKED,
    PERSON,
  ]);
  await pool.query(`select ensure_usage_days('2026-01-09', '2026-01-12')`);
  await pool.query(
    `select record_usage('2026-01-11', false, false, array[$1::uuid], array[$2::uuid], array[$3::uuid], '{m}', '{f}', '{null}',
       '{1,1,1}', '{1,2,3}', '{a,b,c}', '{2026-01-10,2026-01-10,2026-01-10}', '{f,f,f}', '{1,1,1}', '{0,0,0}', '{0,0,0}', '{1,1,1}',
       '{10,10,10}', '{2026-01-10T12:00:00Z,2026-01-10T12:00:01Z,2026-01-10T11:00:00Z}', '{null,null,null}', '{null,null,null}',
       '{null,null,null}')`,
    [account, PERSON, ACTIVE],
  );
  await pool.query(
    `insert into service_tokens (id, kind, name, token_hash, scopes, created_at)
     values (gen_random_uuid(), 'gateway', 'g', sha256('g'), '{usage}', '2026-01-01T00:00:00Z'),
       (gen_random_uuid(), 'operator', 'o', sha256('o'), '{read}', '2026-01-01T00:00:00Z')`,
  );
}
