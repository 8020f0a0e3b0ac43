// The price book: every price in memory, found by model and time, reloaded when prices change.
import type { Pool } from '../database.ts';
import { PRICE_COLUMNS, type PriceRow, priceFrom } from '../price-row.ts';
import type { ModelPrice } from '../prices.ts';

export const SELECT_PRICES = `
  select id, ${PRICE_COLUMNS}
  from prices order by model, effective_from desc`;

interface PriceVersionRow extends PriceRow {
  readonly id: number;
}

/** A price with its version and the time it begins. */
export interface PriceVersion {
  readonly id: number;
  readonly effectiveFromMs: number;
  readonly price: ModelPrice;
}

export class PriceBook {
  readonly #pool: Pool;
  #versions = new Map<string, PriceVersion[]>();

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Reads all prices. A price lies at least five minutes ahead, so a book a few seconds old never misprices. */
  async reload(): Promise<void> {
    const { rows } = await this.#pool.query<PriceVersionRow>(SELECT_PRICES);
    const versions = new Map<string, PriceVersion[]>();
    for (const row of rows) {
      const list = versions.get(row.model) ?? [];
      list.push(versionFrom(row));
      versions.set(row.model, list);
    }
    this.#versions = versions;
  }

  /** The price of `model` at `time`, or undefined: usage of it then waits unpriced, it is never free. */
  priceAt(model: string, time: Date): PriceVersion | undefined {
    const timeMs = time.getTime();
    return this.#versions.get(model)?.find((version) => version.effectiveFromMs <= timeMs);
  }
}

function versionFrom(row: PriceVersionRow): PriceVersion {
  return { id: row.id, effectiveFromMs: row.effective_from.getTime(), price: priceFrom(row) };
}
