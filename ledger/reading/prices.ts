// Prices in force, as people read them: dollars per million tokens.
import type { Pool } from '../database.ts';
import { type Nanos, nanosFromString } from '../money.ts';

/** Dollars for a million tokens of each part of a request. */
export interface MillionTokenRates {
  readonly input: Nanos;
  readonly cachedInput: Nanos;
  readonly cacheWrite: Nanos;
  readonly output: Nanos;
}

export interface PriceInForce {
  readonly model: string;
  readonly effectiveFrom: Date;
  readonly standard: MillionTokenRates;
  readonly batch: MillionTokenRates;
}

export const READ_PRICES = `
  select distinct on (model) model, effective_from, input, cached_input, cache_write, output,
    batch_input, batch_cached_input, batch_cache_write, batch_output
  from prices where effective_from <= $1::timestamptz
  order by model, effective_from desc`;

interface PriceRow {
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

/** Every model's price at `now`. Femto-dollars a token are, number for number, nano-dollars a million tokens. */
export async function readPrices(pool: Pool, now: Date): Promise<PriceInForce[]> {
  const { rows } = await pool.query<PriceRow>(READ_PRICES, [now]);
  return rows.map((row) => ({
    model: row.model,
    effectiveFrom: row.effective_from,
    standard: {
      input: nanosFromString(row.input),
      cachedInput: nanosFromString(row.cached_input),
      cacheWrite: nanosFromString(row.cache_write),
      output: nanosFromString(row.output),
    },
    batch: {
      input: nanosFromString(row.batch_input),
      cachedInput: nanosFromString(row.batch_cached_input),
      cacheWrite: nanosFromString(row.batch_cache_write),
      output: nanosFromString(row.batch_output),
    },
  }));
}
