// Brings a database to the newest schema: the numbered SQL files of migrations/, each in a transaction of its own.
import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import pg from 'pg';
import { setCurrency } from './deployment.ts';

export interface MigrateOptions {
  /** Hears the name of every migration that is applied. */
  log?: (line: string) => void;
  /** Where the SQL files are; the ledger's own by default. */
  directory?: string;
  /** The deployment's currency; chosen once, so with accounts in another one nothing starts. As it is by default. */
  currency?: string | undefined;
}

/**
 * Applies the migrations that the database does not have yet and returns their names in order. Safe to call from
 * several processes at once: they wait for each other. Only forward; a migration that fails leaves nothing of itself.
 */
export async function migrate(databaseUrl: string, options: MigrateOptions = {}): Promise<string[]> {
  let current = 'the database';
  let names: string[];
  const logger = {
    info: (line: string) => {
      current = /^### MIGRATION (\S+)/.exec(line)?.[1] ?? current;
    },
    warn: () => {},
    error: () => {},
  };
  try {
    const applied = await runner({
      databaseUrl,
      dir: options.directory ?? fileURLToPath(new URL('migrations', import.meta.url)),
      direction: 'up',
      migrationsTable: 'migrations',
      singleTransaction: false,
      advisoryLockMode: 'wait',
      checkOrder: true,
      logger,
    });
    for (const { name } of applied) options.log?.(`migrated ${name}`);
    names = applied.map(({ name }) => name);
  } catch (cause) {
    throw new Error(`${current} could not be migrated: ${reasonOf(cause)}`, { cause });
  }
  if (options.currency !== undefined) await chooseCurrency(databaseUrl, options.currency);
  return names;
}

async function chooseCurrency(databaseUrl: string, currency: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await setCurrency(client, currency);
  } finally {
    await client.end();
  }
}

/** With the function and its line, where the error is in one. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const where = 'where' in error && typeof error.where === 'string' ? ` (${error.where.split('\n')[0]})` : '';
  return `${error.message}${where}`;
}
