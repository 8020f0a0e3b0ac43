// Customers as Stripe shows them.
import type Stripe from 'stripe';
import { newId } from '../core/ids.ts';

export interface CustomerHidden {
  deleted: boolean;
}

export interface CustomerFields {
  email?: string | undefined;
  name?: string | undefined;
  phone?: string | undefined;
  description?: string | undefined;
  metadata?: Record<string, string> | undefined;
}

/** A new Customer. */
export function buildCustomer(fields: CustomerFields, now: number): Stripe.Customer {
  const id = newId('cus', 14);
  return {
    id,
    object: 'customer',
    address: null,
    balance: 0,
    created: now,
    currency: null,
    customer_account: null,
    default_source: null,
    delinquent: false,
    description: fields.description || null,
    discount: null,
    email: fields.email || null,
    invoice_prefix: id.slice(-8).toUpperCase(),
    invoice_settings: {
      custom_fields: null,
      default_payment_method: null,
      footer: null,
      rendering_options: null,
    },
    livemode: false,
    metadata: fields.metadata ?? {},
    name: fields.name || null,
    next_invoice_sequence: 1,
    phone: fields.phone || null,
    preferred_locales: [],
    shipping: null,
    tax_exempt: 'none',
    test_clock: null,
  };
}
