// The worker's presence: says in Postgres that it is there while it polls, and says so again after Postgres was away.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, Pool } from '../ledger/database.ts';
import { holdPresence } from '../ledger/presence.ts';

export interface PresenceOptions {
  readonly pool: Pool;
  readonly taskQueue: string;
  readonly isPolling: () => boolean;
}

const EVERY_MS = 1_000;

/** Keeps the worker's presence until it is stopped; what fails is tried again a second later. */
export function startPresence(options: PresenceOptions): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const ended = keepPresent(stopping.signal, options);
  return {
    stop: async () => {
      stopping.abort();
      await ended;
    },
  };
}

async function keepPresent(stopped: AbortSignal, { pool, taskQueue, isPolling }: PresenceOptions) {
  let held: Connection | undefined;
  while (!stopped.aborted) {
    try {
      if (held !== undefined)
        await held.query('select 1'); // it may have died
      else if (isPolling()) held = await hold(pool, taskQueue);
    } catch {
      held?.release(true);
      held = undefined;
    }
    if (held !== undefined && !isPolling()) {
      held.release(true);
      held = undefined;
    }
    await sleep(EVERY_MS, undefined, { signal: stopped }).catch(() => undefined);
  }
  held?.release(true);
}

async function hold(pool: Pool, taskQueue: string): Promise<Connection> {
  const connection = await pool.connect();
  try {
    await holdPresence(connection, taskQueue);
    return connection;
  } catch (error) {
    connection.release(true);
    throw error;
  }
}
