// Health: whether this process lives, and whether everything it needs to do its work is there.
import type { Client } from '@temporalio/client';
import type { RequestHandler } from 'express';
import type { Pool } from '../ledger/database.ts';
import { isWorkerPresent } from '../ledger/presence.ts';

export interface HealthSources {
  readonly pool: Pool;
  readonly temporal: Client;
  readonly taskQueue: string;
}

const CHECK_MS = 2_000;
/** A worker asks for work at least once a minute, so a poller that is older has gone. */
const POLLER_MS = 70_000;
const WORKFLOW_TASK_QUEUE = 1;

/** `GET /healthz`: the process answers. */
export const serveLiveness: RequestHandler = (_request, response) => {
  response.set('cache-control', 'no-store').json({ status: 'ok' });
};

/** `GET /readyz`: 200 when Postgres, Temporal and a worker are there, else 503; either way says what of each. */
export function serveReadiness(sources: HealthSources): RequestHandler {
  return async (_request, response) => {
    const [postgres, temporal, worker] = await Promise.all([
      outcome(sources.pool.query('select 1')),
      outcome(within(sources.temporal, () => sources.temporal.workflowService.getSystemInfo({}))),
      outcome(requireWorker(sources)),
    ]);
    const checks = { postgres, temporal, worker };
    const ready = Object.values(checks).every((check) => check === 'ok');
    response
      .status(ready ? 200 : 503)
      .set('cache-control', 'no-store')
      .json({ status: ready ? 'ok' : 'unavailable', checks });
  };
}

/** A worker that died is missed at once in Postgres, one that hangs after 10 s; one whose polls get lost, by Temporal. */
async function requireWorker(sources: HealthSources): Promise<void> {
  const [present] = await Promise.all([
    isWorkerPresent(sources.pool, sources.taskQueue),
    requirePoller(sources),
  ]);
  if (!present) throw new Error('no worker is there');
}

async function requirePoller({ temporal, taskQueue }: HealthSources): Promise<void> {
  const { pollers } = await within(temporal, () =>
    temporal.workflowService.describeTaskQueue({
      namespace: temporal.options.namespace,
      taskQueue: { name: taskQueue },
      taskQueueType: WORKFLOW_TASK_QUEUE,
    }),
  );
  const since = Date.now() - POLLER_MS;
  const seen = (pollers ?? []).some(
    ({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1_000 > since,
  );
  if (!seen) throw new Error('no worker asks for work');
}

function within<T>(temporal: Client, work: () => Promise<T>): Promise<T> {
  return temporal.withDeadline(Date.now() + CHECK_MS, work);
}

async function outcome(check: Promise<unknown>): Promise<'ok' | 'unavailable'> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<'unavailable'>((resolve) => {
    timer = setTimeout(resolve, CHECK_MS, 'unavailable');
  });
  const result = check.then(
    () => 'ok' as const,
    () => 'unavailable' as const,
  );
  return Promise.race([result, tooLate]).finally(() => clearTimeout(timer));
}
