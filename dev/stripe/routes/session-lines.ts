// The line items of a session: an existing price, or one made on the spot from `price_data`.
import type Stripe from 'stripe';
import { z } from 'zod';
import { requireCurrency } from '../core/money-bounds.ts';
import { integer, metadata, text } from '../core/params.ts';
import { idOf } from '../core/refs.ts';
import { badParameter, invalid, missing } from '../core/refusal.ts';
import type { World } from '../core/world.ts';
import { buildPrice, buildProduct } from '../objects/price.ts';
import { buildLineItem } from '../objects/session.ts';

export const LINE_ITEMS = z
  .array(
    z.strictObject({
      price: text.optional(),
      quantity: integer.pipe(z.number().min(1).max(1_000_000)),
      price_data: z
        .strictObject({
          currency: text,
          unit_amount: integer.pipe(z.number().min(0).max(99_999_999)),
          product: text.optional(),
          product_data: z
            .strictObject({
              name: z.string().min(1).max(250),
              description: text.optional(),
              metadata: metadata.optional(),
            })
            .optional(),
        })
        .optional(),
    }),
  )
  .min(1)
  .max(100);

type Line = z.output<typeof LINE_ITEMS>[number];

/** The lines as Stripe shows them; 400 unless all are in one currency. */
export function sessionLines(world: World, given: Line[]): Stripe.LineItem[] {
  const lines = given.map((line, index) => {
    const price = priceOf(world, line, `line_items[${index}]`);
    const product = world.products.find(idOf(price.product) ?? '')?.body;
    return buildLineItem(price, line.quantity, product?.name ?? '');
  });
  if (new Set(lines.map(({ currency }) => currency)).size > 1) {
    throw invalid('All line items must have the same currency.', { param: 'line_items' });
  }
  return lines;
}

function priceOf(world: World, line: Line, param: string): Stripe.Price {
  if (line.price !== undefined) {
    const found = world.prices.find(line.price);
    if (found === undefined) throw missing('price', line.price, `${param}[price]`);
    return found.body;
  }
  const data = line.price_data;
  if (data === undefined) missingParam(`${param}[price]`);
  const currency = requireCurrency(data.currency, `${param}[price_data][currency]`);
  const product = data.product ?? newProduct(world, data.product_data, param);
  if (world.products.find(product) === undefined) {
    throw missing('product', product, `${param}[price_data][product]`);
  }
  const price = buildPrice({ product, currency, unitAmount: data.unit_amount }, false, world.clock.now());
  world.prices.insert(price, {});
  return price;
}

function newProduct(
  world: World,
  data: NonNullable<Line['price_data']>['product_data'],
  param: string,
): string {
  if (data === undefined) missingParam(`${param}[price_data][product_data]`);
  const product = buildProduct(data, false, world.clock.now());
  world.products.insert(product, {});
  return product.id;
}

function missingParam(param: string): never {
  throw badParameter(`Missing required param: ${param}.`, { code: 'parameter_missing', param });
}
