// What is measured, as processes of their own: the real API with Temporal and worker, and the two baselines.
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

export interface Subjects {
  readonly api: Subject;
  readonly rowLock: Subject;
  readonly oneStatement: Subject;
  readonly temporalAddress: string;
  stop(): Promise<void>;
}

/** Starts everything, each process with nothing but its environment. */
export async function startSubjects(server: BenchServer, token: string): Promise<Subjects> {
  const parts: Part[] = [];
  const stop = async () => {
    await Promise.all(parts.reverse().map((part) => part.stop({ graceMs: 10_000 })));
  };
  try {
    const temporal = await startTemporal({
      port: await freePort(),
      dataFile: join(server.directory, 'temporal.db'),
      logFile: join(server.directory, 'temporal.log'),
    });
    parts.push(temporal.part);
    const environment = {
      PATH: process.env['PATH'],
      NODE_ENV: 'production',
      DATABASE_URL: server.url,
      TEMPORAL_ADDRESS: temporal.address,
      COFFER_PORT: '0',
      COFFER_BASE_URL: 'http://localhost:8080',
      COFFER_AUTH_SECRET: randomBytes(32).toString('hex'),
      // nothing is charged here: no rule is set, so neither is ever called
      STRIPE_SECRET_KEY: 'sk_test_bench',
      STRIPE_API_BASE: 'http://127.0.0.1:9',
      STRIPE_WEBHOOK_SECRETS: 'whsec_bench',
      BENCH_TOKEN: token,
    };
    const start = async (name: string, file: string, nodeOptions = ''): Promise<Subject> => {
      const part = await startPart({
        name,
        command: process.execPath,
        args: [fileURLToPath(new URL(file, import.meta.url))],
        env: { ...environment, NODE_OPTIONS: nodeOptions },
        logFile: join(server.directory, `${name}.log`),
      });
      parts.push(part);
      return { pid: part.pid, port: await part.waitForLine(listeningPort, 60_000) };
    };
    await start('worker', '../worker/main.ts');
    return {
      api: await start('api', '../api/main.ts', API_NODE_OPTIONS),
      rowLock: await start('row-lock', 'baseline-row-lock.ts'),
      oneStatement: await start('one-statement', 'baseline-one-statement.ts'),
      temporalAddress: temporal.address,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function listeningPort(line: string): number | undefined {
  if (!line.startsWith('{')) return undefined;
  const { msg, port }: { msg?: string; port?: number } = JSON.parse(line);
  return msg === 'listening' ? port : undefined;
}
