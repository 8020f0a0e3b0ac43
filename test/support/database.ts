// A migrated database of its own for a test, made from the run's template; a connection that leaks fails the test.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

export interface TestDatabase {
  readonly url: string;
  /** A pool for the test itself; closed by `drop`. */
  readonly pool: pg.Pool;
  /** Drops the database; throws when somebody other than `pool` still holds a connection to it. */
  drop(): Promise<void>;
}

/** Creates a database that has every migration and no row; takes some 50 ms. */
export function createTestDatabase(): Promise<TestDatabase> {
  return createFrom(variable('TEST_TEMPLATE_DATABASE'));
}

/** Creates a database that has nothing, for tests of the migrations themselves. */
export function createEmptyDatabase(): Promise<TestDatabase> {
  return createFrom('template0');
}

/** Resolves once so many connections of this database wait for a lock. */
export async function untilLocksAreAwaited({ pool }: TestDatabase, count = 1): Promise<void> {
  for (;;) {
    const { rowCount } = await pool.query(
      `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    if (rowCount !== null && rowCount >= count) return;
    await sleep(10);
  }
}

async function createFrom(template: string): Promise<TestDatabase> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await asAdmin((admin) => admin.query(`create database ${name} template ${template}`));
  const address = new URL(variable('TEST_POSTGRES_URL'));
  address.pathname = `/${name}`;
  const pool = new pg.Pool({ connectionString: address.href, application_name: 'test' });
  pool.on('error', () => {});
  return {
    url: address.href,
    pool,
    drop: async () => {
      await pool.end();
      await asAdmin((admin) => dropDatabase(admin, name));
    },
  };
}

async function dropDatabase(admin: pg.Client, name: string): Promise<void> {
  const leaked = await connectionsLeft(admin, name, Date.now() + 2_000);
  await admin.query(`drop database ${name} with (force)`);
  if (leaked.length > 0) {
    throw new Error(`connections were left open:\n${leaked.map((line) => `  ${line}`).join('\n')}`);
  }
}

/** A closed connection takes the server a moment to forget, so only those that stay count. */
async function connectionsLeft(admin: pg.Client, name: string, deadline: number): Promise<string[]> {
  for (;;) {
    const { rows } = await admin.query<{ line: string }>(
      `select application_name || ' (' || state || '): ' || left(query, 100) as line
       from pg_stat_activity where datname = $1 and backend_type = 'client backend'`,
      [name],
    );
    if (rows.length === 0 || Date.now() > deadline) return rows.map(({ line }) => line);
    await sleep(20);
  }
}

async function asAdmin(work: (admin: pg.Client) => Promise<unknown>): Promise<void> {
  const admin = new pg.Client({ connectionString: variable('TEST_POSTGRES_URL') });
  await admin.connect();
  try {
    await work(admin);
  } finally {
    await admin.end();
  }
}

function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined)
    throw new Error(`${name} is not set: run the tests through jest, which starts the stack`);
  return value;
}
