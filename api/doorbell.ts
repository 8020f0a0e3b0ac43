// The doorbell: rings account actors off the request's path, a bounded number at a time.
import type { Crossing } from '../ledger/intake/record-usage.ts';
import { ringAccount, type TemporalClient } from '../workflows/client.ts';
import type { Logger } from './logging.ts';

const MOST_AT_ONCE = 16;
const MOST_WAITING = 10_000;

/** A crossing, with the request of the usage that crossed. */
export interface RequestedCrossing extends Crossing {
  readonly requestId: string | undefined;
}

export interface Doorbell {
  /** Rings after a threshold was crossed. Never throws; a ring that fails stays with the sweeper. */
  ring(crossing: RequestedCrossing): void;
  /** Waits for the rings under way. */
  drain(): Promise<void>;
}

/** Makes a doorbell. Beyond ten thousand waiting rings more are dropped: `rung_at` keeps them for the sweeper. */
export function createDoorbell(temporal: TemporalClient, log: Logger): Doorbell {
  const waiting: RequestedCrossing[] = [];
  const underWay = new Set<Promise<void>>();

  function next(): void {
    while (underWay.size < MOST_AT_ONCE) {
      const crossing = waiting.shift();
      if (crossing === undefined) return;
      const ringing = ringOnce(crossing).finally(() => {
        underWay.delete(ringing);
        next();
      });
      underWay.add(ringing);
    }
  }

  async function ringOnce({ accountId, pending, requestId }: RequestedCrossing): Promise<void> {
    try {
      await ringAccount(temporal, {
        accountId,
        reason: 'threshold-crossed',
        pendingNanos: pending.toString(),
        ...(requestId !== undefined && { requestId }),
      });
    } catch (error) {
      log.warn({ err: error, accountId, requestId }, 'a ring was not delivered: the sweeper repeats it');
    }
  }

  return {
    ring(crossing) {
      if (waiting.length < MOST_WAITING) waiting.push(crossing);
      next();
    },
    async drain() {
      waiting.length = 0;
      await Promise.all(underWay);
    },
  };
}
