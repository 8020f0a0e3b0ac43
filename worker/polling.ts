// Keeps a Temporal worker polling: connects again and again while Temporal is away, and starts anew should it fail.
import { setTimeout as sleep } from 'node:timers/promises';
import { NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import type { Logger } from 'pino';
import type { WorkerConfig } from './config.ts';

/* The stack promises to be gone 10 s after SIGTERM, so an activity gets 8 s of them. Every activity is safe to
   repeat, so one that is cut off costs its retry and nothing else. */
const GRACE_MS = 8_000;
const AGAIN_AFTER_MS = 1_000;

export interface PollingOptions {
  readonly temporal: WorkerConfig['temporal'];
  readonly worker: Pick<WorkerOptions, 'taskQueue' | 'activities' | 'workflowBundle'>;
  readonly logger: Logger;
  /** Called each time a worker begins to poll. */
  readonly onPolling: () => void;
}

export interface Polling {
  /** Whether a worker is polling at this moment. */
  readonly polling: boolean;
  /** Ends after the activities under way, or after the grace time. */
  stop(): Promise<void>;
}

/** Polls until it is stopped, whatever happens to Temporal. */
export function startPolling(options: PollingOptions): Polling {
  const stopping = new AbortController();
  let worker: Worker | undefined;

  async function pollOnce(): Promise<void> {
    const { connectionOptions, namespace = 'default' } = options.temporal;
    const connection = await NativeConnection.connect(connectionOptions);
    try {
      worker = await Worker.create({
        ...options.worker,
        connection,
        namespace,
        shutdownGraceTime: GRACE_MS,
        shutdownForceTime: GRACE_MS + 500,
        stickyQueueScheduleToStartTimeout: '2s',
      });
      if (stopping.signal.aborted) worker.shutdown();
      const run = worker.run();
      if (!stopping.signal.aborted) options.onPolling();
      await run;
    } finally {
      worker = undefined;
      await connection.close().catch(() => undefined); // a worker that was cut off still holds it
    }
  }

  async function pollOn(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await pollOnce();
      } catch (error) {
        options.logger.warn({ err: error }, 'not polling, trying again');
        await sleep(AGAIN_AFTER_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
    }
  }

  const ended = pollOn();
  return {
    get polling() {
      return worker?.getState() === 'RUNNING';
    },
    stop: async () => {
      stopping.abort();
      if (worker?.getState() === 'RUNNING') worker.shutdown();
      await ended;
    },
  };
}
