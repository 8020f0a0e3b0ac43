// The pause between two looks of a loop: longer after failures in a row, so that an outage does not fill the log.
import { setTimeout as sleep } from 'node:timers/promises';

const LONGEST_AFTER_FAILURES_MS = 2_000;

/** How long to wait after `failures` in a row (0 after a success): twice as long each time, up to two seconds. */
export function pauseMs(intervalMs: number, failures: number): number {
  if (failures === 0) return intervalMs;
  return Math.max(intervalMs, Math.min(intervalMs * 2 ** failures, LONGEST_AFTER_FAILURES_MS));
}

/** Waits that long, or until it is told to stop. */
export async function pause(intervalMs: number, failures: number, stopped: AbortSignal): Promise<void> {
  await sleep(pauseMs(intervalMs, failures), undefined, { signal: stopped }).catch(() => undefined);
}
