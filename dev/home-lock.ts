// One stack per home: who holds it is written in a lock file, by pid and start mark, so a killed holder holds nothing.
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { identify, isRunning, type ProcessIdentity, processIdentity } from './processes.ts';

/**
 * Takes the home for this process and returns how to give it back; throws naming the pid of the stack that runs in it.
 * The lock of a process that was killed is replaced.
 */
export async function lockHome(home: string): Promise<() => void> {
  const file = join(home, 'lock.json');
  const us = identify(process.pid);
  if (us === undefined) throw new Error('this process cannot be found in the process table');
  for (let attempt = 0; attempt < 3; attempt += 1) {
    if (!create(file, us)) {
      const holder = read(file);
      if (holder !== undefined && isRunning(holder)) break;
      rmSync(file, { force: true });
      continue;
    }
    await sleep(50); // two that replace the same stale lock at once: the later one stays
    if (isSame(read(file), us)) return () => release(file, us);
  }
  const holder = read(file);
  throw new Error(
    `Coffer already runs in ${home} (pid ${holder?.pid ?? 'unknown'}). ` +
      'Stop that one first, or give this one a home and a port of its own: COFFER_HOME=… COFFER_PORT=… npm start',
  );
}

/** A link appears with its content or not at all. */
function create(file: string, us: ProcessIdentity): boolean {
  const unfinished = `${file}.${us.pid}`;
  writeFileSync(unfinished, JSON.stringify(us));
  try {
    linkSync(unfinished, file);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(unfinished, { force: true });
  }
}

function read(file: string): ProcessIdentity | undefined {
  try {
    return processIdentity.safeParse(JSON.parse(readFileSync(file, 'utf8'))).data;
  } catch {
    return undefined;
  }
}

function release(file: string, us: ProcessIdentity): void {
  if (isSame(read(file), us)) rmSync(file, { force: true });
}

function isSame(one: ProcessIdentity | undefined, other: ProcessIdentity): boolean {
  return one?.pid === other.pid && one.startMark === other.startMark;
}
