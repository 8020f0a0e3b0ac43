// `npm run schema`: writes ledger/schema.sql from the catalogue of a database that was just migrated.
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { migrate } from '../ledger/migrate.ts';
import { commandLine, runCommand } from './command.ts';
import { freePort } from './ports.ts';
import { startPostgres } from './postgres.ts';
import { describeSchema } from './schema/describe.ts';

const HELP = `
Usage: npm run schema

Migrates an empty database on a PostgreSQL of its own and writes its schema to ledger/schema.sql. Run it after adding
a migration; a test compares.
`;

await runCommand(HELP, async () => {
  commandLine({ options: {} });
  const file = fileURLToPath(new URL('../ledger/schema.sql', import.meta.url));
  writeFileSync(file, await migratedSchema());
  process.stdout.write('ledger/schema.sql is written\n');
  return 0;
});

async function migratedSchema(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'coffer-schema-'));
  chmodSync(folder, 0o755);
  const postgres = await startPostgres({
    directory: join(folder, 'postgres'),
    port: await freePort(),
    password: randomBytes(16).toString('hex'),
    logFile: join(folder, 'postgres.log'),
    settings: { shared_buffers: '32MB' },
  });
  try {
    await migrate(postgres.url());
    const client = new pg.Client({ connectionString: postgres.url() });
    await client.connect();
    try {
      return await describeSchema(client);
    } finally {
      await client.end();
    }
  } finally {
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
