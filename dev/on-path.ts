// Programs on the path: the first that may be run and does run.
import { execFile } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const WITHIN_MS = 10_000;

/**
 * The absolute path of the first program of this name that is executable and, asked with `probe`, ends well. `log`
 * hears of one that does not: it is passed over, because something better may stand behind it.
 */
export async function findOnPath(
  name: string,
  { probe, log }: { readonly probe?: readonly string[]; readonly log: (line: string) => void },
): Promise<string | undefined> {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter(Boolean);
  for (const file of folders.map((folder) => resolve(folder, name)).filter(isExecutable)) {
    if (probe === undefined) return file;
    try {
      await run(file, [...probe], { timeout: WITHIN_MS });
      return file;
    } catch (error) {
      log(`${file} does not work and is passed over: ${reasonOf(error)}`);
    }
  }
  return undefined;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.trim().split('\n').at(-1) ?? '';
}
