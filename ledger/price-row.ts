// A price as Postgres keeps it, and as the rest of the ledger reads it.
import type { ModelPrice } from './prices.ts';

/** What `priceFrom` needs to be selected. */
export const PRICE_COLUMNS = `model, effective_from, input, cached_input, cache_write, output,
    batch_input, batch_cached_input, batch_cache_write, batch_output`;

/** Rates are femto-USD a token, as integer strings. */
export interface PriceRow {
  readonly model: string;
  readonly effective_from: Date;
  readonly input: string;
  readonly cached_input: string;
  readonly cache_write: string;
  readonly output: string;
  readonly batch_input: string;
  readonly batch_cached_input: string;
  readonly batch_cache_write: string;
  readonly batch_output: string;
}

/** The rates of a stored price. */
export function priceFrom(row: PriceRow): ModelPrice {
  return {
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
  };
}
