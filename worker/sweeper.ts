// The sweeper: takes up what nobody else did (unanswered rings, overdue pending, …), one worker at a time, at a bounded rate.
import type { Logger } from 'pino';
import type { Clock } from '../ledger/clock.ts';
import type { Connection, Pool } from '../ledger/database.ts';
import { STILL_SWEEPING, TRY_SWEEPING } from '../ledger/sweeping.ts';
import type { WorkerMetrics } from './metrics.ts';
import { pause } from './pause.ts';

/** One kind of work that the sweeper looks for. */
export interface SweepTask {
  /** What it takes up, as the metrics name it. */
  readonly name: string;
  /** Takes up at most `most` pieces of work that are due at `now`, and returns how many it took. */
  run(now: Date, most: number): Promise<number>;
}

export interface SweeperOptions {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: WorkerMetrics;
  /** In order of urgency: what one task leaves of the rate is for the next, and each may always take up one. */
  readonly tasks: readonly SweepTask[];
  readonly intervalMs: number;
  readonly ringsPerSecond: number;
}

export interface Sweeper {
  /** Ends after the sweep under way. */
  stop(): Promise<void>;
}

/**
 * Sweeps every `intervalMs` while this process holds the deployment's sweeper lock, which it tries to get at each
 * interval. A sweep that fails gives the lock up, so that another worker may do better, and is logged and counted, and the next
 * one comes a little later.
 */
export function startSweeper(options: SweeperOptions): Sweeper {
  const stopping = new AbortController();
  const ended = sweepUntil(stopping.signal, options);
  return {
    stop: async () => {
      stopping.abort();
      await ended;
    },
  };
}

async function sweepUntil(stopped: AbortSignal, options: SweeperOptions): Promise<void> {
  const { pool, logger, metrics, intervalMs } = options;
  let lock: Connection | undefined;
  let failures = 0;
  while (!stopped.aborted) {
    try {
      lock = await holdLock(pool, lock);
      if (lock !== undefined) await sweep(options);
      failures = 0;
    } catch (error) {
      failures += 1;
      metrics.sweepFailures.inc();
      logger.warn({ err: error }, 'a sweep failed');
      lock?.release(true);
      lock = undefined;
    }
    await pause(intervalMs, failures, stopped);
  }
  lock?.release(true);
}

/** The connection that holds the sweeper lock, if it is ours. It is asked each time, because it may have died. */
async function holdLock(pool: Pool, held: Connection | undefined): Promise<Connection | undefined> {
  if (held !== undefined) {
    await held.query(STILL_SWEEPING);
    return held;
  }
  const connection = await pool.connect();
  try {
    const { rows } = await connection.query<{ mine: boolean }>(TRY_SWEEPING);
    if (rows[0]?.mine === true) {
      await connection.query(STILL_SWEEPING);
      return connection;
    }
  } catch (error) {
    connection.release(true);
    throw error;
  }
  connection.release();
  return undefined;
}

/** One sweep over all tasks. A task that fails does not keep the others from their turn; its failure is thrown last. */
async function sweep({ clock, metrics, tasks, intervalMs, ringsPerSecond }: SweeperOptions): Promise<void> {
  const endTimer = metrics.sweepSeconds.startTimer();
  const failures: unknown[] = [];
  let left = Math.max(1, Math.round((ringsPerSecond * intervalMs) / 1_000));
  for (const task of tasks) {
    try {
      const taken = await task.run(clock(), Math.max(1, left));
      metrics.swept.inc({ task: task.name }, taken);
      left -= taken;
    } catch (error) {
      failures.push(error);
    }
  }
  endTimer();
  if (failures.length > 0)
    throw failures.length === 1 ? failures[0] : new AggregateError(failures, 'sweep tasks failed');
}
