// Brings a database to the newest schema: the numbered SQL files of migrations/, each in a transaction of its own.
import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';

export interface MigrateOptions {
  /** Hears the name of every migration that is applied. */
  log?: (line: string) => void;
  /** Where the SQL files are; the ledger's own by default. */
  directory?: string;
}

/**
 * Applies the migrations that the database does not have yet and returns their names in order. Safe to call from
 * several processes at once: they wait for each other. Only forward; a migration that fails leaves nothing of itself.
 */
export async function migrate(databaseUrl: string, options: MigrateOptions = {}): Promise<string[]> {
  let current = 'the database';
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
    return applied.map(({ name }) => name);
  } catch (cause) {
    throw new Error(`${current} could not be migrated: ${reasonOf(cause)}`, { cause });
  }
}

/** With the function and its line, where the error is in one. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const where = 'where' in error && typeof error.where === 'string' ? ` (${error.where.split('\n')[0]})` : '';
  return `${error.message}${where}`;
}
