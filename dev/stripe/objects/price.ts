// Products and prices, as hosted sessions make them from `price_data`.
import Stripe from 'stripe';
import { newId } from '../core/ids.ts';

/** A new Product. */
export function buildProduct(
  fields: { name: string; description?: string | undefined; metadata?: Record<string, string> | undefined },
  active: boolean,
  now: number,
): Stripe.Product {
  return {
    id: newId('prod', 14),
    object: 'product',
    active,
    created: now,
    default_price: null,
    description: fields.description || null,
    images: [],
    livemode: false,
    marketing_features: [],
    metadata: fields.metadata ?? {},
    name: fields.name,
    package_dimensions: null,
    shippable: null,
    statement_descriptor: null,
    tax_code: null,
    tax_details: null,
    type: 'service',
    unit_label: null,
    updated: now,
    url: null,
  };
}

/** A new one-time Price of `product`. */
export function buildPrice(
  fields: {
    product: string;
    currency: string;
    unitAmount: number;
    metadata?: Record<string, string> | undefined;
  },
  active: boolean,
  now: number,
): Stripe.Price {
  return {
    id: newId('price'),
    object: 'price',
    active,
    billing_scheme: 'per_unit',
    created: now,
    currency: fields.currency,
    custom_unit_amount: null,
    livemode: false,
    lookup_key: null,
    metadata: fields.metadata ?? {},
    nickname: null,
    product: fields.product,
    recurring: null,
    tax_behavior: 'unspecified',
    tiers_mode: null,
    transform_quantity: null,
    type: 'one_time',
    unit_amount: fields.unitAmount,
    unit_amount_decimal: Stripe.Decimal.from(fields.unitAmount),
  };
}
