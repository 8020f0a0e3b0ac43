// What runs in a home: `stack.json` names port and pid of each part while it runs, `ports.json` outlives it.
import { join } from 'node:path';
import { z } from 'zod';
import { homeFile } from './home-file.ts';
import { endProcess, isRunning, processIdentity } from './processes.ts';

/** The parts that a stack starts, in the order in which they are stopped. */
export const PART_NAMES = ['api', 'worker', 'sandbox', 'mail', 'temporal', 'postgres'] as const;
export type PartName = (typeof PART_NAMES)[number];

const partEntry = processIdentity.extend({
  port: z.int(),
  /** The Temporal pages. */
  uiPort: z.int().optional(),
  /** The mail catcher's other side. */
  smtpPort: z.int().optional(),
});

const entries = z.object({
  api: partEntry.optional(),
  worker: partEntry.optional(),
  sandbox: partEntry.optional(),
  mail: partEntry.optional(),
  temporal: partEntry.optional(),
  postgres: partEntry.optional(),
});
const stackFile = entries.extend({ supervisor: processIdentity });
export type StackFile = z.infer<typeof stackFile>;

/** `.coffer/stack.json`. */
export function openStackFile(home: string) {
  return homeFile<StackFile>(join(home, 'stack.json'), stackFile);
}

/** `.coffer/ports.json`: the ports of the last run by purpose, taken again while they are free. */
export function openPortsFile(home: string) {
  return homeFile(join(home, 'ports.json'), z.record(z.string(), z.int()));
}

/**
 * Ends what a killed supervisor left running, api and worker before what they need; a process that merely got the pid
 * of one of them is left alone. Returns the names of the parts that were ended.
 */
export async function endLeftovers(home: string): Promise<PartName[]> {
  const left = openStackFile(home).read();
  const running = PART_NAMES.filter((name) => {
    const entry = left?.[name];
    return entry !== undefined && isRunning(entry);
  });
  const end = (names: readonly PartName[], signal: NodeJS.Signals) =>
    Promise.all(
      names.map((name) => {
        const entry = left?.[name];
        return entry && running.includes(name) ? endProcess(entry, { signal, graceMs: 3_000 }) : undefined;
      }),
    );
  await end(['api', 'worker'], 'SIGTERM');
  await end(['sandbox', 'mail', 'temporal'], 'SIGTERM');
  await end(['postgres'], 'SIGINT');
  return running;
}
