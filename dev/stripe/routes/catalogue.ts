// /v1/products and /v1/prices: what a session's lines may name.
import { z } from 'zod';
import { requireCurrency } from '../core/money-bounds.ts';
import { integer, metadata, params, text } from '../core/params.ts';
import { badParameter, missing } from '../core/refusal.ts';
import { type Route, route } from '../core/route.ts';
import { buildPrice, buildProduct } from '../objects/price.ts';
import { emit } from '../webhooks/emit.ts';

const PRODUCT = {
  name: z.string().min(1).max(250),
  description: text.optional(),
  metadata: metadata.optional(),
};

export const catalogueRoutes: Route[] = [
  route('POST', '/v1/products', params(PRODUCT), (given, { world }) => {
    const product = buildProduct(given, true, world.clock.now());
    world.products.insert(product, {});
    emit(world, 'product.created', product);
    return product;
  }),
  route(
    'POST',
    '/v1/prices',
    params({
      currency: text,
      unit_amount: integer.pipe(z.number().min(0).max(99_999_999)),
      product: text.optional(),
      product_data: z.strictObject(PRODUCT).optional(),
      metadata: metadata.optional(),
    }),
    (given, { world }) => {
      const product =
        given.product_data === undefined ? null : buildProduct(given.product_data, true, world.clock.now());
      if (product !== null) world.products.insert(product, {});
      const productId = given.product ?? product?.id;
      if (productId === undefined) {
        throw badParameter('Missing required param: product.', {
          code: 'parameter_missing',
          param: 'product',
        });
      }
      if (world.products.find(productId) === undefined) throw missing('product', productId, 'product');
      const fields = {
        product: productId,
        currency: requireCurrency(given.currency),
        unitAmount: given.unit_amount,
        metadata: given.metadata,
      };
      const price = buildPrice(fields, true, world.clock.now());
      world.prices.insert(price, {});
      emit(world, 'price.created', price);
      return price;
    },
  ),
];
