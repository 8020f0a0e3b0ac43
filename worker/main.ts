// The worker process: runs the workflows' code, their activities and the sweeper, until it is told to end.
import type { Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { bundleWorkflowCode, Runtime } from '@temporalio/worker';
import type { Logger } from 'pino';
import { systemClock } from '../ledger/clock.ts';
import { createPool } from '../ledger/database.ts';
import { countUnansweredRings } from '../ledger/sweeping.ts';
import { readLastRuns } from '../ledger/verify/runs.ts';
import { createActivities } from './activities.ts';
import { ConfigError, readConfig, type WorkerConfig } from './config.ts';
import { startDrains } from './drains.ts';
import { createLogger, temporalLogger } from './logging.ts';
import { createWorkerMetrics, serveMetrics } from './metrics.ts';
import { connectPayments, paymentDrains, paymentSweeps } from './payments.ts';
import { type Polling, startPolling } from './polling.ts';
import { startPresence } from './presence.ts';
import { keepSchedules } from './schedules.ts';
import { createSweepTasks } from './sweep-tasks.ts';
import { startSweeper } from './sweeper.ts';
import { upkeep } from './upkeep.ts';
import { watchVerify } from './verify-metrics.ts';

/* Promised are 10 s; see the grace time in polling.ts. */
const GONE_AFTER_MS = 9_500;

/** Runs until SIGTERM or SIGINT. Neither Postgres nor Temporal need be there: it waits for them, then and ever after. */
async function main(config: WorkerConfig): Promise<void> {
  const toldToEnd = untilToldToEnd();
  const logger = createLogger(config.LOG_LEVEL);
  Runtime.install({ logger: temporalLogger(logger), shutdownSignals: [] });
  const { pool, connection, ...clients } = connect(config, logger);

  const workflowBundle = await bundleWorkflows(logger);
  let polling: Polling | undefined;
  const server = await serveMetrics(clients.metrics, () => ({ healthy: polling?.polling === true }), {
    host: config.COFFER_HOST,
    port: config.WORKER_METRICS_PORT,
  });
  const payments = connectPayments(config, { ...clients, pool });
  const all = { ...clients, pool, payments };
  const taskQueue = config.TEMPORAL_TASK_QUEUE;
  polling = startPolling({
    temporal: config.temporal,
    worker: { taskQueue, activities: createActivities(all), workflowBundle },
    logger,
    onPolling: () => logger.info({ port: portOf(server), taskQueue }, 'listening'),
  });
  const presence = startPresence({ pool, taskQueue, isPolling: () => polling?.polling === true });
  const sweeper = startSweeper({
    ...all,
    tasks: createSweepTasks(all, config.SETTLEMENT_INTERVAL_MS, paymentSweeps(payments, clients)),
    intervalMs: config.SWEEP_INTERVAL_MS,
    ringsPerSecond: config.SWEEP_RINGS_PER_SECOND,
  });

  const drains = startDrains({
    ...all,
    tasks: [...paymentDrains(config, payments, clients.metrics), upkeep(pool)],
    intervalMs: config.SWEEP_INTERVAL_MS,
  });

  const schedules = keepSchedules(clients.temporal, logger);

  const signal = await toldToEnd;
  logger.info({ signal }, 'ending');
  setTimeout(() => process.exit(0), GONE_AFTER_MS).unref();
  await Promise.all([polling.stop(), sweeper.stop(), drains.stop(), schedules.stop(), presence.stop()]);
  server.close();
  await Promise.allSettled([pool.end(), connection.close()]);
  logger.info('ended');
  process.exit(0);
}

/** The clients of everything outside; each connects when it is first used, and again when it was cut off. */
function connect(config: WorkerConfig, logger: Logger) {
  const clock = systemClock;
  const pool = createPool(config.DATABASE_URL, {
    applicationName: 'coffer worker',
    most: 20,
    onLost: (error) => logger.warn({ err: error }, 'a connection to Postgres was lost'),
  });
  const { connectionOptions, namespace = 'default' } = config.temporal;
  const connection = Connection.lazy(connectionOptions);
  const temporal = {
    client: new Client({ connection, namespace }),
    taskQueue: config.TEMPORAL_TASK_QUEUE,
  };
  const metrics = createWorkerMetrics(() => countUnansweredRings(pool, clock()));
  watchVerify(metrics.registry, () => readLastRuns(pool));
  return { clock, pool, connection, temporal, metrics, logger };
}

async function bundleWorkflows(logger: Logger) {
  return await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('../workflows/index.ts', import.meta.url)),
    logger: temporalLogger(logger),
  });
}

function portOf(server: Server): number | undefined {
  const address = server.address();
  return typeof address === 'object' ? address?.port : undefined;
}

function untilToldToEnd(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve(signal));
  });
}

try {
  await main(readConfig());
} catch (error) {
  process.stderr.write(`${error instanceof ConfigError ? error.message : String(error)}\n`);
  process.exit(1);
}
