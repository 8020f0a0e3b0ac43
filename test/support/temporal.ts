// The run's Temporal server, for a test: a client, and workers on task queues of their own.
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import {
  bundleWorkflowCode,
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
  type WorkerOptions,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';

export interface TestTemporal {
  readonly client: Client;
  readonly connection: NativeConnection;
  /** A worker with the project's workflows on a fresh task queue (`worker.options.taskQueue`), not yet running. */
  createWorker(options: TestWorkerOptions): Promise<Worker>;
  /** Call when every worker has ended. */
  close(): Promise<void>;
}

export type TestWorkerOptions = Pick<WorkerOptions, 'activities' | 'maxCachedWorkflows' | 'interceptors'> & {
  taskQueue?: string;
};

let installed = false;
let bundle: Promise<WorkflowBundleWithSourceMap> | undefined;

/** Connects to the server at TEMPORAL_ADDRESS; once per test file. */
export async function connectTestTemporal(): Promise<TestTemporal> {
  const logger = new DefaultLogger('ERROR');
  if (!installed) Runtime.install({ logger });
  installed = true;
  const address = process.env['TEMPORAL_ADDRESS'];
  if (address === undefined) throw new Error('TEMPORAL_ADDRESS is not set: run the tests through jest');
  const connection = await NativeConnection.connect({ address });
  return {
    client: new Client({ connection }),
    connection,
    createWorker: async (options) =>
      Worker.create({
        connection,
        taskQueue: randomUUID(),
        workflowBundle: await workflowBundle(),
        shutdownGraceTime: '5s',
        stickyQueueScheduleToStartTimeout: '2s',
        ...options,
      }),
    close: () => connection.close(),
  };
}

/** The project's workflows as workers and replays take them; bundled once per test file (about 2 s). */
export function workflowBundle(): Promise<WorkflowBundleWithSourceMap> {
  bundle ??= bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('../../workflows/index.ts', import.meta.url)),
    logger: new DefaultLogger('ERROR'),
  });
  return bundle;
}
