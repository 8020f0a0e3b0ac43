// Prices in force, as people read them: dollars per million tokens.
import type { Pool } from '../database.ts';
import { type Nanos, nanos } from '../money.ts';
import { PRICE_COLUMNS, type PriceRow, priceFrom } from '../price-row.ts';
import type { Rates } from '../prices.ts';

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
  select distinct on (model) ${PRICE_COLUMNS}
  from prices where effective_from <= $1::timestamptz
  order by model, effective_from desc`;

/** Every model's price at `now`. Femto-dollars a token are, number for number, nano-dollars a million tokens. */
export async function readPrices(pool: Pool, now: Date): Promise<PriceInForce[]> {
  const { rows } = await pool.query<PriceRow>(READ_PRICES, [now]);
  return rows.map((row) => {
    const { standard, batch } = priceFrom(row);
    return {
      model: row.model,
      effectiveFrom: row.effective_from,
      standard: forMillionTokens(standard),
      batch: forMillionTokens(batch),
    };
  });
}

function forMillionTokens(rates: Rates): MillionTokenRates {
  return {
    input: nanos(rates.input),
    cachedInput: nanos(rates.cachedInput),
    cacheWrite: nanos(rates.cacheWrite),
    output: nanos(rates.output),
  };
}
