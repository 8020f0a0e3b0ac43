// Prices: what each model costs now.
import { z } from 'zod';
import type { Clock } from '../../ledger/clock.ts';
import type { Pool } from '../../ledger/database.ts';
import { formatDollars } from '../../ledger/money.ts';
import { type MillionTokenRates, readPrices } from '../../ledger/reading/prices.ts';
import { type Route, type RouteSurroundings, route } from '../route.ts';
import { amount, pageOf, timestamp } from '../schemas.ts';

export const rates = z
  .strictObject({ input: amount, cachedInput: amount, cacheWrite: amount, output: amount })
  .meta({ id: 'Rates', description: 'Dollars per million tokens.' });

const price = z
  .strictObject({ model: z.string(), effectiveFrom: timestamp, standard: rates, batch: rates })
  .meta({ id: 'Price' });

/** `GET /v1/prices`. */
export function priceRoutes(
  surroundings: RouteSurroundings & { readonly pool: Pool; readonly clock: Clock },
): Route[] {
  const { pool, clock } = surroundings;
  return [
    route(surroundings, {
      method: 'get',
      path: '/v1/prices',
      summary: 'The prices in force, in dollars per million tokens',
      tag: 'Prices',
      caller: 'anyone',
      answers: { 200: { description: 'Every model with its price', schema: pageOf(price, 'PricePage') } },
      async handle() {
        const found = await readPrices(pool, clock());
        const items = found.map(({ model, effectiveFrom, standard, batch }) => ({
          model,
          effectiveFrom: effectiveFrom.toISOString(),
          standard: shownRates(standard),
          batch: shownRates(batch),
        }));
        return { status: 200, body: { items, nextCursor: null } };
      },
    }),
  ];
}

function shownRates({ input, cachedInput, cacheWrite, output }: MillionTokenRates): z.input<typeof rates> {
  return {
    input: formatDollars(input),
    cachedInput: formatDollars(cachedInput),
    cacheWrite: formatDollars(cacheWrite),
    output: formatDollars(output),
  };
}
