// The sandbox's own clock: real time plus what it was advanced by; the advance survives a restart.
import type { Store } from './store.ts';

export interface SandboxClock {
  /** Milliseconds since the epoch. */
  nowMs(): number;
  /** Whole seconds since the epoch, as Stripe writes times. */
  now(): number;
  /** Moves the clock forward; it never goes back. */
  advance(seconds: number): void;
}

/** The clock kept in `store`. */
export function sandboxClock(store: Store): SandboxClock {
  let offsetMs = Number(store.setting('clock_offset_ms') ?? 0);
  const nowMs = () => Date.now() + offsetMs;
  return {
    nowMs,
    now: () => Math.floor(nowMs() / 1000),
    advance(seconds) {
      offsetMs += Math.round(seconds * 1000);
      store.saveSetting('clock_offset_ms', String(offsetMs));
    },
  };
}
