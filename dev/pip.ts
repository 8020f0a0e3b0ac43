// pip: installs pinned Python packages into the project's cache, each checked by its hash, without touching the machine.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const cache = join(dirname(dirname(fileURLToPath(import.meta.url))), '.cache');

export interface PipPackages {
  /** Their folder in the cache. */
  readonly name: string;
  /** A pip requirements file that pins every version with its hashes. */
  readonly requirements: string;
}

export interface PipOptions {
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
  /** Looks at what pip unpacked and says whether it is whole; may leave a record beside it. */
  readonly isWhole?: (folder: string) => Promise<boolean>;
}

/** The folder where this version of the packages is, or would be. */
export function pipFolder({ name, requirements }: PipPackages): string {
  const pinned = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  return join(cache, name, `${name}-${pinned}`);
}

/**
 * Installs packages unless they are there, and returns their folder; `undefined` when pip is missing or fails, which
 * `log` hears of. The folder gets its name only when it is complete, so that several processes may install at once.
 */
export async function pipInstalled(packages: PipPackages, options: PipOptions): Promise<string | undefined> {
  const target = pipFolder(packages);
  if (existsSync(target)) return target;
  mkdirSync(dirname(target), { recursive: true });
  const unfinished = mkdtempSync(join(dirname(target), 'unfinished-'));
  try {
    if (!(await install(packages, unfinished, options))) return undefined;
    if ((await options.isWhole?.(unfinished)) === false) return undefined;
    if (!existsSync(target)) renameSync(unfinished, target);
    return target;
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

const INSTALL = [
  'install',
  '--quiet',
  '--no-deps',
  '--require-hashes',
  '--no-input',
  '--disable-pip-version-check',
  '--only-binary=:all:',
];

async function install(
  { name, requirements }: PipPackages,
  target: string,
  { log, signal }: PipOptions,
): Promise<boolean> {
  for (const [command, ...first] of [['python3', '-m', 'pip'], ['pip3'], ['pip']] as const) {
    if ((await run(command, [...first, '--version']).catch(() => undefined)) === undefined) continue;
    log(`installing ${name} with pip (once)`);
    try {
      await run(command, [...first, ...INSTALL, '--target', target, '-r', requirements], {
        env: { ...process.env, PIP_ROOT_USER_ACTION: 'ignore' },
        ...(signal && { signal }),
      });
      return true;
    } catch (e) {
      signal?.throwIfAborted();
      log(`pip could not install ${name}: ${lastLine(e)}`);
      return false;
    }
  }
  return false;
}

function lastLine(e: unknown): string {
  const output = e instanceof Error && 'stderr' in e ? String(e.stderr) : String(e);
  return output.trim().split('\n').at(-1) ?? '';
}
