// Coffer's processes for a test: each on a port of its own, killed with -9 and started again on the same port and data.
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Part, startPart } from '../../dev/part.ts';
import { freePort } from '../../dev/ports.ts';
import { startPostgres } from '../../dev/postgres.ts';
import { endProcess, identify, sendSignal } from '../../dev/processes.ts';
import { startTemporal } from '../../dev/temporal.ts';

/** A process that can be killed and started again. */
export interface TestProcess {
  readonly port: number;
  readonly running: boolean;
  /** kill -9; resolves when it is gone. */
  kill(): Promise<void>;
  /** Makes it hang, or go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
  /** Starts it again with the port and data it had; resolves when it is ready. */
  start(): Promise<void>;
}

export interface TestServer extends TestProcess {
  /** The address of the server: of its database `postgres`, or of Temporal. */
  readonly address: string;
}

export interface Processes {
  /** A folder that goes with the processes. */
  readonly folder: string;
  /** One of our own processes, ready when it says `listening`; `environment` gets the port it is to have. */
  node(
    name: string,
    entry: string,
    environment: (port: number) => Readonly<Record<string, string>>,
  ): Promise<TestProcess>;
  postgres(): Promise<TestServer>;
  temporal(): Promise<TestServer & { wipe(): Promise<void> }>;
  /** Ends everything that runs, and removes its data. */
  stop(): Promise<void>;
}

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const PASSWORD = 'only-on-this-machine';

/** Makes a place for processes; whatever happens to the test, none of them outlives it. */
export async function createProcesses(): Promise<Processes> {
  const folder = await mkdtemp(join(tmpdir(), 'coffer-chaos-'));
  await chmod(folder, 0o755);
  const leash = holdLeash(folder);
  const all: TestProcess[] = [];

  async function restartable(port: number, run: () => Promise<Part>): Promise<TestProcess> {
    let part: Part | undefined = await run();
    const made: TestProcess = {
      port,
      get running() {
        return part !== undefined;
      },
      async kill() {
        const dying = part;
        part = undefined;
        if (dying !== undefined) await killWithChildren(dying);
      },
      signal(signal) {
        if (part !== undefined) sendSignal(part.pid, signal);
      },
      async start() {
        part ??= await run();
      },
    };
    all.push(made);
    return made;
  }

  return {
    folder,
    async node(name, entry, environment) {
      const port = await quietPort();
      return await restartable(port, async () => {
        const part = await startPart({
          name,
          command: process.execPath,
          args: [join(root, entry)],
          cwd: root,
          env: { ...process.env, NODE_OPTIONS: undefined, ...environment(port) },
          logFile: join(folder, `${name}.log`),
          onStarted: leash.tie,
        });
        try {
          await part.waitForLine((line) => line.includes('"msg":"listening"') || undefined, 60_000);
        } catch (error) {
          await killWithChildren(part); // nobody else knows of it yet
          throw error;
        }
        return part;
      });
    },
    async postgres() {
      const port = await quietPort();
      const server = await restartable(port, async () => {
        const { part } = await startPostgres({
          directory: join(folder, 'postgres'),
          port,
          password: PASSWORD,
          logFile: join(folder, 'postgres.log'),
          settings: { shared_buffers: '128MB', max_wal_size: '512MB' },
          onStarted: leash.tie,
        });
        return part;
      });
      return Object.assign(server, { address: `postgres://coffer:${PASSWORD}@127.0.0.1:${port}/postgres` });
    },
    async temporal() {
      const port = await quietPort();
      const dataFile = join(folder, 'temporal.db');
      const server = await restartable(port, async () => {
        const { part } = await startTemporal({
          port,
          dataFile,
          logFile: join(folder, 'temporal.log'),
          onStarted: leash.tie,
        });
        return part;
      });
      return Object.assign(server, {
        address: `127.0.0.1:${port}`,
        async wipe() {
          await Promise.all(['', '-wal', '-shm'].map((end) => rm(dataFile + end, { force: true })));
        },
      });
    },
    async stop() {
      await Promise.all(all.map((made) => made.kill()));
      leash.letGo();
      await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}

/** Postgres is many processes: its server first, so that it starts no new ones, then what it had started. */
async function killWithChildren(part: Part): Promise<void> {
  const children = childrenOf(part.pid).flatMap((pid) => identify(pid) ?? []);
  sendSignal(part.pid, 'SIGKILL');
  await part.ended;
  await Promise.all(children.map((child) => endProcess(child, { signal: 'SIGKILL', graceMs: 5_000 })));
}

function childrenOf(pid: number): number[] {
  try {
    const list = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return list === '' ? [] : list.split(' ').map(Number);
  } catch {
    return [];
  }
}

/** A port below those that outgoing connections take, so that it is still free when its owner comes back. */
async function quietPort(): Promise<number> {
  return await freePort(15_000 + Math.floor(Math.random() * 16_000));
}

const LEASH = `
  import { rmSync } from 'node:fs';
  let text = '';
  process.stdin.on('data', (chunk) => { text += chunk; });
  process.stdin.on('end', () => {
    const lines = text.split('\\n').filter(Boolean);
    if (lines.at(-1) === 'done') return;
    for (const pid of lines) try { process.kill(Number(pid), 'SIGKILL'); } catch {}
    setTimeout(() => rmSync(process.argv[1], { recursive: true, force: true }), 500);
  });`;

/** A small process that outlives us by a moment, when we are killed, to take the others along. */
function holdLeash(folder: string): { tie(part: Part): void; letGo(): void } {
  const holder: ChildProcess = spawn(process.execPath, ['--input-type=module', '-e', LEASH, folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    env: { ...process.env, NODE_OPTIONS: undefined },
  });
  holder.unref();
  return {
    tie: ({ pid }) => holder.stdin?.write(`${pid}\n`),
    letGo: () => holder.stdin?.end('done\n'),
  };
}
