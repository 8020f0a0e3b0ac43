// The price book: every price in memory, found by model and time, reloaded when prices change.
import type { Pool } from '../database.ts';
import type { ModelPrice } from '../prices.ts';

export const SELECT_PRICES = `
  select id, model, effective_from, input, cached_input, cache_write, output,
    batch_input, batch_cached_input, batch_cache_write, batch_output
  from prices order by model, effective_from desc`;

interface PriceRow {
  id: number;
  model: string;
  effective_from: Date;
  input: string;
  cached_input: string;
  cache_write: string;
  output: string;
  batch_input: string;
  batch_cached_input: string;
  batch_cache_write: string;
  batch_output: string;
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
    const { rows } = await this.#pool.query<PriceRow>(SELECT_PRICES);
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

function versionFrom(row: PriceRow): PriceVersion {
  return {
    id: row.id,
    effectiveFromMs: row.effective_from.getTime(),
    price: {
      standard: {
        input: BigInt(row.input),
        cachedInput: BigInt(row.cached_input),
        cacheWrite: BigInt(row.cache_write),
        output: BigInt(row.output),
      },
      batch: {
        input: BigInt(row.batch_input),
        cachedInput: BigInt(row.batch_cached_input),
        cacheWrite: BigInt(row.batch_cache_write),
        output: BigInt(row.batch_output),
      },
    },
  };
}
