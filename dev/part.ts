// One process of the stack: its output goes to a file, so it outlives us unharmed, and its end is always noticed.
import { spawn } from 'node:child_process';
import { closeSync, fstatSync, mkdirSync, openSync, readSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { identify, type ProcessIdentity, sendSignal } from './processes.ts';

export interface PartOptions {
  name: string;
  command: string;
  args: readonly string[];
  /** The whole environment of the process; ours when left out. */
  env?: Readonly<Record<string, string | undefined>>;
  cwd?: string;
  logFile: string;
  /** Run as another user (only root may). */
  user?: { uid: number; gid: number };
  /** Hears of the process as soon as it runs, long before it is ready. */
  onStarted?: ((part: Part) => void) | undefined;
  /** Nothing is started any more once this is aborted. */
  signal?: AbortSignal | undefined;
  /** A session of its own, which the terminal's Ctrl-C does not reach: whoever started it stops it in order. */
  detached?: boolean | undefined;
}

export interface Part {
  readonly name: string;
  readonly pid: number;
  readonly identity: ProcessIdentity;
  /** Resolves when the process has ended, with how: `exit code 1`, `signal SIGKILL`. */
  readonly ended: Promise<string>;
  /** The last lines that it wrote since it was started. */
  lastLines(count?: number): string[];
  /** Waits until `find` makes something of a line of its output; throws when it ends first or takes too long. */
  waitForLine<T>(find: (line: string) => T | undefined, timeoutMs: number): Promise<T>;
  /** Asks it to end with `signal` and kills it after `graceMs`; resolves when it is gone. */
  stop(options?: { signal?: NodeJS.Signals; graceMs?: number }): Promise<void>;
}

const LOG_KEPT_BYTES = 16 * 1024 * 1024;

/** Starts a process; throws in one line when there is no such program. */
export async function startPart(options: PartOptions): Promise<Part> {
  options.signal?.throwIfAborted();
  mkdirSync(dirname(options.logFile), { recursive: true });
  const log = openLog(options.logFile);
  const from = fstatSync(log).size;
  const child = spawn(options.command, options.args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ['ignore', log, log],
    detached: options.detached ?? false,
    ...options.user,
  });
  closeSync(log);
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
  });
  const pid = await new Promise<number>((resolve, reject) => {
    child.once('error', (e) => reject(new Error(`${options.name} could not be started: ${e.message}`)));
    child.once('spawn', () => resolve(child.pid ?? 0));
  });
  const written = () => readFrom(options.logFile, from);
  const part: Part = {
    name: options.name,
    pid,
    identity: identify(pid) ?? { pid, startMark: 'ended' },
    ended,
    lastLines: (count = 15) => written().slice(-count),
    waitForLine: (find, timeoutMs) => waitForLine(options.name, written, ended, find, timeoutMs),
    stop: (how = {}) => stop(pid, ended, how.signal ?? 'SIGTERM', how.graceMs ?? 5_000),
  };
  options.onStarted?.(part);
  return part;
}

async function waitForLine<T>(
  name: string,
  written: () => string[],
  ended: Promise<string>,
  find: (line: string) => T | undefined,
  timeoutMs: number,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  let ending: string | undefined;
  void ended.then((how) => {
    ending = how;
  });
  for (;;) {
    const over = ending;
    for (const line of written()) {
      const found = find(line);
      if (found !== undefined) return found;
    }
    if (over !== undefined)
      throw new PartFailed(name, `${name} ended with ${over} before it was ready`, written());
    if (Date.now() > deadline) {
      throw new PartFailed(name, `${name} was not ready within ${timeoutMs / 1000} s`, written());
    }
    await sleep(30);
  }
}

/** A part that did not come up, or died; carries the last lines that it wrote. */
export class PartFailed extends Error {
  override readonly name = 'PartFailed';
  readonly part: string;
  readonly lastLines: readonly string[];
  constructor(part: string, message: string, lines: readonly string[]) {
    super(message);
    this.part = part;
    this.lastLines = lines.slice(-15);
  }
}

async function stop(
  pid: number,
  ended: Promise<string>,
  signal: NodeJS.Signals,
  graceMs: number,
): Promise<void> {
  sendSignal(pid, signal);
  const timer = new AbortController();
  const tooLate = sleep(graceMs, true, { signal: timer.signal }).catch(() => false);
  if ((await Promise.race([ended.then(() => false), tooLate])) === true) sendSignal(pid, 'SIGKILL');
  timer.abort();
  await ended;
}

function openLog(file: string): number {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size > LOG_KEPT_BYTES) renameSync(file, `${file}.1`);
  return openSync(file, 'a', 0o644);
}

/** Complete and last lines of the file from that offset on, at most its last 256 KiB. */
function readFrom(file: string, offset: number): string[] {
  const handle = openSync(file, 'r');
  try {
    const size = fstatSync(handle).size;
    const start = Math.max(offset, size - 256 * 1024);
    const buffer = Buffer.alloc(Math.max(0, size - start));
    readSync(handle, buffer, 0, buffer.length, start);
    return buffer.toString('utf8').split('\n').filter(Boolean);
  } finally {
    closeSync(handle);
  }
}
