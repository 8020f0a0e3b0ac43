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
  const errors: string[] = [];
  const logger = {
    info: () => {},
    warn: (line: string) => errors.push(line),
    error: (line: string) => errors.push(line),
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
  } catch (e) {
    throw new Error(['the database could not be migrated', ...errors].join('\n'), { cause: e });
  }
}
