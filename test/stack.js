// Starts what every test shares, once per run: a real Postgres with a migrated template, and a real Temporal server.
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { freePort } from '../dev/ports.ts';
import { startPostgres } from '../dev/postgres.ts';
import { sendSignal } from '../dev/processes.ts';
import { registerSearchAttributes, startTemporal } from '../dev/temporal.ts';
import { migrate } from '../ledger/migrate.ts';

const TEMPLATE = `coffer_template_${randomBytes(4).toString('hex')}`;

/** Test files find the addresses in TEST_POSTGRES_URL, TEST_TEMPLATE_DATABASE and TEMPORAL_ADDRESS. */
export default async function startStack() {
  const folder = await mkdtemp(join(tmpdir(), 'coffer-test-'));
  await chmod(folder, 0o755);
  const started = [];
  const stopEverything = async () => {
    await Promise.all(started.map((server) => server.stop()));
    await rm(folder, { recursive: true, force: true });
  };
  endWithUs(folder, started);
  try {
    const [postgresUrl] = await Promise.all([
      preparePostgres(folder, started),
      prepareTemporal(folder, started),
    ]);
    process.env.TEST_POSTGRES_URL = postgresUrl;
    process.env.TEST_TEMPLATE_DATABASE = TEMPLATE;
    globalThis.stopStack = async () => {
      await withAdmin(postgresUrl, (admin) => admin.query(`drop database if exists ${TEMPLATE}`));
      await stopEverything();
    };
  } catch (e) {
    await stopEverything();
    throw e;
  }
}

async function preparePostgres(folder, started) {
  const postgresUrl = process.env.DATABASE_URL ?? (await startOwnPostgres(folder, started)).url();
  await withAdmin(postgresUrl, (admin) => admin.query(`create database ${TEMPLATE}`));
  const template = new URL(postgresUrl);
  template.pathname = `/${TEMPLATE}`;
  await migrate(template.href);
  await withAdmin(postgresUrl, (admin) => admin.query(`alter database ${TEMPLATE} allow_connections false`));
  return postgresUrl;
}

async function startOwnPostgres(folder, started) {
  const postgres = await startPostgres({
    directory: join(folder, 'postgres'),
    port: await freePort(),
    password: randomBytes(16).toString('hex'),
    logFile: join(folder, 'postgres.log'),
    settings: { shared_buffers: '256MB', max_wal_size: '1GB', max_connections: '400' },
  });
  started.push(postgres);
  return postgres;
}

async function prepareTemporal(folder, started) {
  if (process.env.TEMPORAL_ADDRESS !== undefined) {
    await registerSearchAttributes(process.env.TEMPORAL_ADDRESS, process.env.TEMPORAL_NAMESPACE ?? 'default');
    return;
  }
  const temporal = await startTemporal({
    port: await freePort(),
    logFile: join(folder, 'temporal.log'),
    log: (line) => process.stderr.write(`${line}\n`),
  });
  started.push(temporal);
  process.env.TEMPORAL_ADDRESS = temporal.address;
}

async function withAdmin(url, work) {
  const admin = new pg.Client({ connectionString: url });
  await admin.connect();
  try {
    await work(admin);
  } finally {
    await admin.end();
  }
}

/** A run that is ended early (or ends without its teardown) takes its servers with it. */
function endWithUs(folder, started) {
  process.once('exit', () => {
    for (const { part } of started) sendSignal(part.pid, 'SIGKILL');
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));
}
