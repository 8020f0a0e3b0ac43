// Drains: outboxes that the worker empties, each in a loop of its own, so that a provider that hangs holds up nothing else.
import type { Logger } from 'pino';
import type { Clock } from '../ledger/clock.ts';
import type { WorkerMetrics } from './metrics.ts';
import { pause } from './pause.ts';
import type { SweepTask } from './sweeper.ts';

export interface DrainOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: WorkerMetrics;
  readonly tasks: readonly SweepTask[];
  readonly intervalMs: number;
}

const MOST = 50;

/** Runs every task again and again; several workers may, because each takes its rows by skipping locked ones. */
export function startDrains(options: DrainOptions): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const ended = options.tasks.map((task) => drainUntil(stopping.signal, task, options));
  return {
    stop: async () => {
      stopping.abort();
      await Promise.all(ended);
    },
  };
}

async function drainUntil(
  stopped: AbortSignal,
  task: SweepTask,
  { clock, logger, metrics, intervalMs }: DrainOptions,
): Promise<void> {
  let failures = 0;
  while (!stopped.aborted) {
    let taken = 0;
    try {
      taken = await task.run(clock(), MOST);
      metrics.swept.inc({ task: task.name }, taken);
      failures = 0;
    } catch (error) {
      failures += 1;
      metrics.sweepFailures.inc();
      logger.warn({ err: error, task: task.name }, 'a drain failed');
    }
    if (taken < MOST) await pause(intervalMs, failures, stopped);
  }
}
