// The sweeper's work on usage that waited for a price: records it as soon as there is one.
import type { Logger } from 'pino';
import type { Pool } from '../ledger/database.ts';
import { PriceBook } from '../ledger/intake/price-book.ts';
import { recordWaitingUsage } from '../ledger/intake/waiting-usage.ts';
import { ringAccount, type TemporalClient } from '../workflows/client.ts';
import type { SweepTask } from './sweeper.ts';

export interface PricedUsageClients {
  readonly pool: Pool;
  readonly temporal: TemporalClient;
  readonly logger: Pick<Logger, 'error'>;
}

/**
 * Takes up to 500 waiting events at a time into the periods that are open now, and rings what they took below its low
 * water. An event that can never be recorded is set aside and alerted: somebody was told that it was kept.
 */
export function pricedUsage({ pool, temporal, logger }: PricedUsageClients): SweepTask {
  const book = new PriceBook(pool);
  return {
    name: 'priced-usage',
    run: async (now) => {
      const { recorded, rejected, crossings } = await recordWaitingUsage(pool, book, now);
      for (const { accountId, eventId, code, detail } of rejected) {
        logger.error({ accountId, eventId, code, detail }, 'usage that waited for a price was set aside');
      }
      for (const { accountId, pending } of crossings) {
        await ringAccount(temporal, {
          accountId,
          reason: 'threshold-crossed',
          pendingNanos: pending.toString(),
        });
      }
      return recorded + rejected.length;
    },
  };
}
