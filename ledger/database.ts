// The way to Postgres: one pool a process, sessions that are bounded in time, and transactions that never leak.
import pg from 'pg';
import { Refusal, refusalCodes } from './refusal.ts';

export type Pool = pg.Pool;
export type Connection = pg.PoolClient;

export interface PoolOptions {
  readonly applicationName: string;
  readonly most?: number;
  /** How long a statement waits for a lock before it fails with 55P03; without it, as long as the statement may run. */
  readonly lockTimeoutMs?: number;
  /** Hears of connections that Postgres dropped; nothing needs doing, the next query opens a new one. */
  readonly onLost?: (error: Error) => void;
}

/** Opens a pool on `url`. Every session is UTC and ends a transaction or statement that runs longer than 15 s. */
export function createPool(url: string, options: PoolOptions): Pool {
  const pool = new pg.Pool({
    connectionString: url,
    application_name: options.applicationName,
    max: options.most ?? 10,
    connectionTimeoutMillis: 5_000,
    options: `-c timezone=UTC -c statement_timeout=15s -c idle_in_transaction_session_timeout=15s -c lock_timeout=${options.lockTimeoutMs ?? 0}`,
  });
  const onLost = options.onLost ?? (() => undefined);
  pool.on('error', onLost);
  // a client that is checked out when Postgres dies emits too, and without a listener ends the process
  pool.on('connect', (client) => client.on('error', onLost));
  return pool;
}

const MOST_TRIES = 3;

/**
 * Runs `work` in one transaction: commits what it returns from, rolls back what it throws from. A transaction that
 * Postgres ended to break a deadlock is begun anew, twice at most; so `work` changes the database and nothing else.
 */
export async function withTransaction<T>(
  pool: Pool,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await inTransaction(pool, work);
    } catch (error) {
      if (tries === MOST_TRIES || !hasCode(error, ...ENDED_FOR_OTHERS)) throw refusalFrom(error) ?? error;
    }
  }
}

async function inTransaction<T>(pool: Pool, work: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await pool.connect();
  let broken: Error | undefined;
  try {
    await connection.query('begin');
    const result = await work(connection);
    await connection.query('commit');
    return result;
  } catch (error) {
    await connection.query('rollback').catch((failure: Error) => {
      broken = failure;
    });
    throw error;
  } finally {
    connection.release(broken);
  }
}

/** A deadlock, or a snapshot that others made useless. */
const ENDED_FOR_OTHERS = ['40P01', '40001'];

/** A lock, or the time for a statement, that was not had in time. */
const WAITED_TOO_LONG = ['55P03', '57014'];

/** Whether others stood in the way: nothing of the statement or its transaction was stored, and later it may work. */
export function isDatabaseBusy(error: unknown): boolean {
  return hasCode(error, ...ENDED_FOR_OTHERS, ...WAITED_TOO_LONG);
}

/** Whether Postgres raised one of these SQLSTATEs. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return (
    error instanceof Error && 'code' in error && typeof error.code === 'string' && codes.includes(error.code)
  );
}

/** The refusal that an error of Postgres stands for: SQL raises them with the code as constraint name. */
export function refusalFrom(error: unknown): Refusal | undefined {
  if (!(error instanceof pg.DatabaseError)) return undefined;
  const code = refusalCodes.find((known) => known === error.constraint);
  return code && new Refusal(code, error.message);
}
