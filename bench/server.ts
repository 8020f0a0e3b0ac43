// A Postgres of the benchmark's own: empty, migrated, durable, and gone afterwards.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../dev/ports.ts';
import { startPostgres } from '../dev/postgres.ts';
import { createPool, type Pool } from '../ledger/database.ts';
import { migrate } from '../ledger/migrate.ts';

export interface BenchServer {
  readonly directory: string;
  readonly url: string;
  readonly postmasterPid: number;
  readonly pool: Pool;
  stop(): Promise<void>;
}

/** Starts it in a directory of its own under the system's temporary one. */
export async function startServer(settings: Readonly<Record<string, string>> = {}): Promise<BenchServer> {
  const directory = mkdtempSync(join(tmpdir(), 'coffer-bench-'));
  chmodSync(directory, 0o755);
  const postgres = await startPostgres({
    directory: join(directory, 'postgres'),
    port: await freePort(),
    password: 'bench',
    logFile: join(directory, 'postgres.log'),
    settings,
  });
  const url = postgres.url();
  const pool = createPool(url, { applicationName: 'bench', most: 4 });
  const stop = async () => {
    await pool.end();
    await postgres.stop();
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    await migrate(url);
  } catch (error) {
    await stop();
    throw error;
  }
  return { directory, url, postmasterPid: postgres.part.identity.pid, pool, stop };
}

/** The settings that make an answer mean "on disk", as this server has them. */
export async function durabilityOf(pool: Pool): Promise<string> {
  const { rows } = await pool.query<{ line: string }>(
    `select string_agg(name || '=' || setting, ' ' order by name) as line from pg_settings
     where name in ('fsync', 'full_page_writes', 'synchronous_commit', 'wal_compression', 'shared_buffers', 'server_version')`,
  );
  return rows[0]?.line ?? '';
}
