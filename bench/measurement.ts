// One measurement: what was done, how fast, and what it cost every process that took part.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Pool } from '../ledger/database.ts';
import type { KnownKey } from '../ledger/intake/key-directory.ts';
import { eventArrays, insertBare } from './bare-insert.ts';
import { type LoadOrder, loadReport } from './load-report.ts';
import { postgresCpuMs, threadedCpuMs } from './process-cpu.ts';
import { sampleEvents } from './sample-events.ts';
import type { BenchServer } from './server.ts';

export interface Measurement {
  readonly eventsPerSecond: number;
  readonly events: number;
  readonly acceptedNanos: bigint;
  readonly errors: Readonly<Record<string, number>>;
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
  /** Microseconds an event. */
  readonly postgresCpu: number;
  readonly subjectCpu: number | undefined;
  readonly loadCpu: number;
  readonly walBytesPerThousand: number;
}

const ROWS_A_STATEMENT = 500;
const run = promisify(execFile);
const loadFile = fileURLToPath(new URL('load.ts', import.meta.url));

/** Puts a subject under load from a process of its own. */
export async function measureLoad(
  server: BenchServer,
  subjectPid: number,
  order: LoadOrder,
): Promise<Measurement> {
  const before = await startingPoint(server);
  const subjectMs = threadedCpuMs(subjectPid);
  const { stdout } = await run(process.execPath, [loadFile, JSON.stringify(order)]);
  const report = loadReport.parse(JSON.parse(stdout));
  const events = report.recorded;
  return {
    eventsPerSecond: report.eventsPerSecond,
    events,
    acceptedNanos: BigInt(report.acceptedNanos),
    errors: report.errors,
    p50Ms: report.p50Ms ?? undefined,
    p99Ms: report.p99Ms ?? undefined,
    subjectCpu: ((threadedCpuMs(subjectPid) - subjectMs) * 1_000) / events,
    loadCpu: (report.cpuMs * 1_000) / events,
    ...(await spent(server, before, events)),
  };
}

/** Inserts rows bare, the next statement's parameters made ready while Postgres works on the one before. */
export async function measureBareInsert(
  server: BenchServer,
  keys: readonly KnownKey[],
  milliseconds: number,
): Promise<Measurement> {
  const connection = await server.pool.connect();
  try {
    const before = await startingPoint(server);
    const own = process.cpuUsage();
    const startedMs = performance.now();
    let events = 0;
    let acceptedNanos = 0n;
    const make = () => {
      const sample = sampleEvents(ROWS_A_STATEMENT, keys);
      for (const { cost } of sample) acceptedNanos += cost;
      events += sample.length;
      return eventArrays(sample, events);
    };
    let next: string[] | undefined = make();
    while (next !== undefined) {
      const inserted = insertBare(connection, 'bare_events', next);
      next = performance.now() - startedMs < milliseconds ? make() : undefined;
      await inserted;
    }
    const elapsedMs = performance.now() - startedMs;
    const { user, system } = process.cpuUsage(own);
    return {
      eventsPerSecond: (events * 1_000) / elapsedMs,
      events,
      acceptedNanos,
      errors: {},
      p50Ms: undefined,
      p99Ms: undefined,
      subjectCpu: undefined,
      loadCpu: (user + system) / events,
      ...(await spent(server, before, events)),
    };
  } finally {
    connection.release();
  }
}

interface StartingPoint {
  readonly postgresMs: number;
  readonly lsn: string;
}

const VACUUM = `
  vacuum (analyze) usage_events, usage_rollups, account_balances, bare_events,
    row_lock_events, row_lock_balances, one_statement_events, one_statement_balances`;

/**
 * Every measurement begins behind a vacuum, so that none pays for the rows of the one before, and behind a checkpoint,
 * so that each pays for its own full-page images.
 */
async function startingPoint({ pool, postmasterPid }: BenchServer): Promise<StartingPoint> {
  await pool.query(VACUUM);
  await pool.query('checkpoint');
  const lsn = await walPosition(pool, '0/0');
  return { lsn: lsn.at, postgresMs: postgresCpuMs(postmasterPid) };
}

async function spent({ pool, postmasterPid }: BenchServer, before: StartingPoint, events: number) {
  const postgresMs = postgresCpuMs(postmasterPid) - before.postgresMs;
  const { bytes } = await walPosition(pool, before.lsn);
  return { postgresCpu: (postgresMs * 1_000) / events, walBytesPerThousand: (bytes * 1_000) / events };
}

async function walPosition(pool: Pool, since: string): Promise<{ at: string; bytes: number }> {
  const { rows } = await pool.query<{ at: string; bytes: string }>(
    'select pg_current_wal_lsn()::text as at, pg_wal_lsn_diff(pg_current_wal_lsn(), $1::pg_lsn) as bytes',
    [since],
  );
  return { at: rows[0]?.at ?? since, bytes: Number(rows[0]?.bytes) };
}
