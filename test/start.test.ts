// The one-command stack as a person meets it: started, started twice, killed, broken, and ended with Ctrl-C.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { z } from 'zod';
import { isRunning, processIdentity } from '../dev/processes.ts';

const PARTS = ['api', 'worker', 'sandbox', 'mail', 'temporal', 'postgres'] as const;

const part = processIdentity.extend({ port: z.int() });
const stackFile = z.object({
  supervisor: processIdentity,
  postgres: part,
  temporal: part,
  sandbox: part,
  mail: part,
  api: part,
  worker: part,
});
type StackFile = z.infer<typeof stackFile>;

const home = mkdtempSync(join(tmpdir(), 'coffer-start-'));
const started: Run[] = [];

afterAll(async () => {
  for (const run of started) {
    if (run.child.exitCode === null && run.child.signalCode === null) run.child.kill('SIGTERM');
    await run.ended;
  }
  rmSync(home, { recursive: true, force: true });
});

test('a stack starts, refuses a second one, survives a kill of its supervisor, and ends without a trace', async () => {
  const first = await startReady();
  for (const name of PARTS) expect(isRunning(first.stack[name])).toBe(true);
  expect((await fetch(`http://localhost:${first.stack.api.port}/healthz`)).status).toBe(200);
  await query(first.stack, 'create table kept as select 42 as answer');

  const second = start();
  expect(await second.ended).toBe(1);
  expect(second.output()).toContain(`(pid ${first.stack.supervisor.pid})`);
  expect(isRunning(first.stack.supervisor)).toBe(true);

  first.run.child.kill('SIGKILL');
  await first.run.ended;
  expect(isRunning(first.stack.postgres)).toBe(true);

  const next = await startReady();
  for (const name of PARTS) {
    expect(isRunning(first.stack[name])).toBe(false);
    expect(next.stack[name].port).toBe(first.stack[name].port);
  }
  expect(await query(next.stack, 'select answer from kept')).toEqual([{ answer: 42 }]);

  next.run.child.kill('SIGINT');
  expect(await next.run.ended).toBe(0);
  for (const name of PARTS) expect(isRunning(next.stack[name])).toBe(false);
});

test('after a kill of everything the next start recovers, and a part that dies ends the stack by name', async () => {
  const first = await startReady();
  for (const name of ['supervisor', ...PARTS] as const) process.kill(first.stack[name].pid, 'SIGKILL');
  await first.run.ended;

  const next = await startReady();
  expect(await query(next.stack, 'select answer from kept')).toEqual([{ answer: 42 }]);
  process.kill(next.stack.mail.pid, 'SIGKILL');
  expect(await next.run.ended).toBe(1);
  expect(next.run.output()).toContain('mail ended with signal SIGKILL');
  expect(next.run.output()).toContain('"port"');
  for (const name of PARTS) expect(isRunning(next.stack[name])).toBe(false);
});

test('a kill of npm ends the stack', async () => {
  const { run, stack } = await startReady(['npm', 'start']);
  run.child.kill('SIGKILL');
  await run.ended;
  const deadline = Date.now() + 60_000;
  while (isRunning(stack.supervisor) && Date.now() < deadline) await sleep(50);
  for (const name of ['supervisor', ...PARTS] as const) expect(isRunning(stack[name])).toBe(false);
});

test('a port that is taken is one line that says how to choose another', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const address = other.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  const run = start({ COFFER_PORT: String(port) });
  expect(await run.ended).toBe(1);
  expect(run.output()).toContain(`Port ${port} is taken; choose another: COFFER_PORT=`);
  other.close();
});

test('a wrong variable is named with what it must be', async () => {
  const run = start({ COFFER_PORT: 'eighty', STRIPE_SECRET_KEY: 'sk_live_x' });
  expect(await run.ended).toBe(1);
  expect(run.output()).toMatch(/COFFER_PORT must be a port number/);
  expect(run.output()).toMatch(/STRIPE_SECRET_KEY must be a test key/);
});

interface Run {
  child: ChildProcess;
  ended: Promise<number | null>;
  output(): string;
}

function start(variables: Record<string, string> = {}, command = [process.execPath, 'dev/start.ts']): Run {
  const { DATABASE_URL: _, TEMPORAL_ADDRESS: __, ...inherited } = process.env;
  const env = { ...inherited, NODE_OPTIONS: '', COFFER_HOME: home, COFFER_PORT: '0', COFFER_DEMO: 'off' };
  const [program = '', ...args] = command;
  const child = spawn(program, args, { env: { ...env, ...variables } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const run = { child, ended, output: () => output };
  started.push(run);
  return run;
}

async function startReady(command?: string[]): Promise<{ run: Run; stack: StackFile }> {
  const run = start({}, command);
  const deadline = Date.now() + 60_000;
  while (!run.output().includes('Coffer runs')) {
    if (run.child.exitCode !== null || Date.now() > deadline) throw new Error(`not ready:\n${run.output()}`);
    await sleep(50);
  }
  return { run, stack: stackFile.parse(JSON.parse(readFileSync(join(home, 'stack.json'), 'utf8'))) };
}

async function query(stack: StackFile, sql: string): Promise<unknown[]> {
  const { postgresPassword } = z
    .looseObject({ postgresPassword: z.string() })
    .parse(JSON.parse(readFileSync(join(home, 'secrets.json'), 'utf8')));
  const client = new pg.Client({
    connectionString: `postgres://coffer:${postgresPassword}@127.0.0.1:${stack.postgres.port}/coffer`,
  });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}
