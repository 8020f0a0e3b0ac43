// The sweeper's work on rings: repeats those that were not answered, and rings for pending that waits too long.
import type { Pool } from '../ledger/database.ts';
import {
  type DueAccount,
  returnRings,
  takeDueEvaluations,
  takeOverduePending,
  takeUnansweredRings,
} from '../ledger/sweeping.ts';
import { ringAccount, type TemporalClient } from '../workflows/client.ts';
import type { RingReason } from '../workflows/messages.ts';
import type { WorkerMetrics } from './metrics.ts';
import type { SweepTask } from './sweeper.ts';

export interface RingTasksOptions {
  readonly pool: Pool;
  readonly temporal: TemporalClient;
  readonly metrics: WorkerMetrics;
  readonly settlementIntervalMs: number;
  /** How many repeated rings may be without an answer before the sweep's rate bounds them; 100 by default. */
  readonly mostOpenRepetitions?: number;
}

const MOST_OPEN_REPETITIONS = 100;

/**
 * Repeats rings that are older than 3 s, oldest first, each with a backoff from 12 s to 5 minutes; faster than the sweep's
 * rate for as long as they are answered.
 */
export function unansweredRings(options: RingTasksOptions): SweepTask {
  return {
    name: 'unanswered-rings',
    run: async (now, most) => {
      const { pool, mostOpenRepetitions: mostOpen = MOST_OPEN_REPETITIONS } = options;
      return await ringAll(options, 'overdue', await takeUnansweredRings(pool, now, { most, mostOpen }));
    },
  };
}

/** Rings for accounts whose pending is older than the settlement interval. */
export function overduePending(options: RingTasksOptions): SweepTask {
  return {
    name: 'overdue-pending',
    run: async (now, most) => {
      const due = await takeOverduePending(options.pool, now, most, options.settlementIntervalMs);
      return await ringAll(options, 'interval', due);
    },
  };
}

/** Rings for accounts whose rule of auto top-up has to decide again: its month is over, its suspension, its top-up. */
export function dueEvaluations(options: RingTasksOptions): SweepTask {
  return {
    name: 'due-evaluations',
    run: async (now, most) =>
      await ringAll(options, 'evaluation-due', await takeDueEvaluations(options.pool, now, most)),
  };
}

/** Rings for every account; those that cannot be reached are given back. Throws when any was not. */
async function ringAll(
  options: RingTasksOptions,
  reason: RingReason,
  due: readonly DueAccount[],
): Promise<number> {
  const { pool, temporal, metrics } = options;
  const undelivered: string[] = [];
  let cause: unknown;
  await Promise.all(
    due.map(async ({ accountId, pendingNanos }) => {
      try {
        await ringAccount(temporal, { accountId, reason, pendingNanos });
        metrics.rings.inc({ reason, outcome: 'delivered' });
      } catch (error) {
        metrics.rings.inc({ reason, outcome: 'failed' });
        undelivered.push(accountId);
        cause = error;
      }
    }),
  );
  if (undelivered.length === 0) return due.length;
  await returnRings(pool, undelivered);
  throw new Error(`${undelivered.length} of ${due.length} rings (${reason}) were not delivered`, { cause });
}
