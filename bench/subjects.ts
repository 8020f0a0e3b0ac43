// What is measured, as processes of their own: the real API with Temporal, worker and sandbox, and the two baselines.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { API_NODE_OPTIONS } from '../api/node-options.ts';
import { type Part, startPart } from '../dev/part.ts';
import { freePort } from '../dev/ports.ts';
import { startTemporal } from '../dev/temporal.ts';
import type { BenchServer } from './server.ts';

export interface Subject {
  readonly pid: number;
  readonly port: number;
}

/** The whole of Coffer but Postgres. */
export interface System {
  readonly api: Subject;
  readonly worker: Subject;
  readonly sandbox: Subject;
  readonly sandboxUrl: string;
  readonly temporalPid: number;
  readonly temporalAddress: string;
  stop(): Promise<void>;
}

export interface Baselines {
  readonly rowLock: Subject;
  readonly oneStatement: Subject;
  stop(): Promise<void>;
}

const WEBHOOK_SECRET = 'whsec_bench';

/** Starts Coffer, each process with nothing but its environment. */
export function startSystem(server: BenchServer): Promise<System> {
  return together(async (parts) => {
    const temporal = await startTemporal({
      port: await freePort(),
      dataFile: join(server.directory, 'temporal.db'),
      logFile: join(server.directory, 'temporal.log'),
    });
    parts.push(temporal.part);
    const start = starter(server, parts);
    const sandbox = await start('sandbox', '../dev/stripe/main.ts', {
      NODE_ENV: 'development',
      SANDBOX_DATA: join(server.directory, 'stripe.sqlite'),
    });
    const sandboxUrl = `http://127.0.0.1:${sandbox.port}`;
    const ours = {
      TEMPORAL_ADDRESS: temporal.address,
      COFFER_PORT: '0',
      COFFER_BASE_URL: 'http://localhost:8080',
      COFFER_AUTH_SECRET: randomBytes(32).toString('hex'),
      STRIPE_SECRET_KEY: 'sk_test_bench',
      STRIPE_API_BASE: sandboxUrl,
      STRIPE_WEBHOOK_SECRETS: WEBHOOK_SECRET,
    };
    const worker = await start('worker', '../worker/main.ts', ours);
    const api = await start('api', '../api/main.ts', { ...ours, NODE_OPTIONS: API_NODE_OPTIONS });
    await fetch(`${sandboxUrl}/_sandbox/webhook`, {
      method: 'POST',
      body: JSON.stringify({ url: `http://127.0.0.1:${api.port}/webhooks/stripe`, secret: WEBHOOK_SECRET }),
    });
    return {
      api,
      worker,
      sandbox,
      sandboxUrl,
      temporalPid: temporal.part.pid,
      temporalAddress: temporal.address,
    };
  });
}

/** Starts what Coffer is measured beside. */
export function startBaselines(server: BenchServer, token: string): Promise<Baselines> {
  return together(async (parts) => {
    const start = starter(server, parts);
    return {
      rowLock: await start('row-lock', 'baseline-row-lock.ts', { BENCH_TOKEN: token }),
      oneStatement: await start('one-statement', 'baseline-one-statement.ts', { BENCH_TOKEN: token }),
    };
  });
}

/** Whatever was started ends together, also when one of them does not come up. */
async function together<T extends object>(
  start: (parts: Part[]) => Promise<T>,
): Promise<T & { stop(): Promise<void> }> {
  const parts: Part[] = [];
  const stop = async () => {
    await Promise.all(parts.reverse().map((part) => part.stop({ graceMs: 10_000 })));
  };
  try {
    return { ...(await start(parts)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function starter(server: BenchServer, parts: Part[]) {
  return async (
    name: string,
    file: string,
    environment: Readonly<Record<string, string>>,
  ): Promise<Subject> => {
    const part = await startPart({
      name,
      command: process.execPath,
      args: [fileURLToPath(new URL(file, import.meta.url))],
      env: {
        PATH: process.env['PATH'],
        NODE_ENV: 'production',
        DATABASE_URL: server.url,
        ...environment,
      },
      logFile: join(server.directory, `${name}.log`),
    });
    parts.push(part);
    return { pid: part.pid, port: await part.waitForLine(listeningPort, 60_000) };
  };
}

function listeningPort(line: string): number | undefined {
  if (!line.startsWith('{')) return undefined;
  const { msg, port }: { msg?: string; port?: number } = JSON.parse(line);
  return msg === 'listening' ? port : undefined;
}
