// The shift of a trace's times, chosen once per file and home: a replay sent again must be the same events.
import { linkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { homeFile } from '../home-file.ts';
import { shiftToEndAt, type Trace } from './trace.ts';

const shape = z.object({ shiftMs: z.int(), chosenAt: z.string() });

/** The shift kept in `<home>/replay/<hash>.json`; chosen now, so that the trace ends now, when there is none. */
export function keptShift(home: string, trace: Trace, now: Date): number {
  const directory = join(home, 'replay');
  const path = join(directory, `${trace.hash}.json`);
  const file = homeFile(path, shape);
  const known = file.read();
  if (known !== undefined) return known.shiftMs;
  mkdirSync(directory, { recursive: true });
  const chosen = { shiftMs: shiftToEndAt(trace, now.getTime()), chosenAt: now.toISOString() };
  claim(path, `${JSON.stringify(chosen, null, 2)}\n`);
  const kept = file.read();
  if (kept === undefined) throw new Error(`${path} is not what this command wrote: remove it`);
  return kept.shiftMs;
}

/** Of two replays that begin at once the first one's choice holds: a link is made only where there is none. */
function claim(path: string, text: string): void {
  const unlinked = `${path}.${process.pid}`;
  writeFileSync(unlinked, text);
  try {
    linkSync(unlinked, path);
  } catch (e) {
    if (!(e instanceof Error && 'code' in e && e.code === 'EEXIST')) throw e;
  } finally {
    rmSync(unlinked, { force: true });
  }
}
