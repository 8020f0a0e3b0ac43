// The sweeper's work on usage that waited for a price: records it as soon as there is one.
import type { Pool } from '../ledger/database.ts';
import { PriceBook } from '../ledger/intake/price-book.ts';
import { recordWaitingUsage } from '../ledger/intake/unpriced-usage.ts';
import { ringAccount, type TemporalClient } from '../workflows/client.ts';
import type { SweepTask } from './sweeper.ts';

/** Takes up to 500 waiting events at a time into the periods that are open now, and rings what they took below its low water. */
export function pricedUsage(options: { readonly pool: Pool; readonly temporal: TemporalClient }): SweepTask {
  const { pool, temporal } = options;
  const book = new PriceBook(pool);
  return {
    name: 'priced-usage',
    run: async (now) => {
      const { recorded, crossings } = await recordWaitingUsage(pool, book, now);
      for (const { accountId, pending } of crossings) {
        await ringAccount(temporal, {
          accountId,
          reason: 'threshold-crossed',
          pendingNanos: pending.toString(),
        });
      }
      return recorded;
    },
  };
}
