// /v1/customers: create, get, update, delete, list, and a customer's cards.
import type Stripe from 'stripe';
import { z } from 'zod';
import { changedFields } from '../core/changes.ts';
import type { Stored } from '../core/collection.ts';
import { page } from '../core/lists.ts';
import { listParams, mergedMetadata, metadata, params, range, text } from '../core/params.ts';
import { idOf } from '../core/refs.ts';
import { invalid, missing } from '../core/refusal.ts';
import { type Call, type Route, route } from '../core/route.ts';
import { detach } from '../flows/attach.ts';
import { buildCustomer, type CustomerHidden } from '../objects/customer.ts';
import { emit } from '../webhooks/emit.ts';

const FIELDS = {
  email: z
    .union([
      z.literal(''),
      z
        .string()
        .max(512)
        .regex(/^\S+@\S+$/, 'Invalid email address'),
    ])
    .optional(),
  name: text.optional(),
  phone: text.optional(),
  description: text.optional(),
  metadata: metadata.optional(),
};

export const customerRoutes: Route[] = [
  route('POST', '/v1/customers', params(FIELDS), (fields, { world }) => {
    const customer = buildCustomer(fields, world.clock.now());
    world.customers.insert(customer, { deleted: false });
    emit(world, 'customer.created', customer);
    return customer;
  }),
  route(
    'GET',
    '/v1/customers',
    listParams({ email: text.optional(), created: range.optional() }),
    (query, { world }) =>
      page(world.customers, '/v1/customers', query, {
        where: { email: query.email },
        also: { sql: "json_extract(hidden, '$.deleted') = 0", values: [] },
      }),
  ),
  route('GET', '/v1/customers/:id', params({}), (_, call) => {
    const { body, hidden } = known(call);
    return hidden.deleted ? deleted(body.id) : body;
  }),
  route(
    'POST',
    '/v1/customers/:id',
    params({
      ...FIELDS,
      invoice_settings: z.strictObject({ default_payment_method: text.optional() }).optional(),
    }),
    (change, call) => {
      const { world } = call;
      const before = live(call).body;
      const defaultMethod = change.invoice_settings?.default_payment_method;
      if (defaultMethod !== undefined && defaultMethod !== '') requireOwnCard(call, defaultMethod);
      const after: Stripe.Customer = {
        ...before,
        email: change.email === undefined ? before.email : change.email || null,
        name: change.name === undefined ? (before.name ?? null) : change.name || null,
        phone: change.phone === undefined ? (before.phone ?? null) : change.phone || null,
        description: change.description === undefined ? before.description : change.description || null,
        metadata: mergedMetadata(before.metadata, change.metadata),
        invoice_settings: {
          ...before.invoice_settings,
          ...(defaultMethod !== undefined && { default_payment_method: defaultMethod || null }),
        },
      };
      world.customers.save(after);
      emit(world, 'customer.updated', after, changedFields(before, after));
      return after;
    },
  ),
  route('DELETE', '/v1/customers/:id', params({}), (_, call) => {
    const { world, id } = call;
    const { body } = live(call);
    for (const method of world.paymentMethods.list({ where: { customer: id } })) detach(world, method);
    world.customers.save(body, { deleted: true });
    emit(world, 'customer.deleted', body);
    return deleted(id);
  }),
  route('GET', '/v1/customers/:id/payment_methods', listParams({ type: text.optional() }), (query, call) => {
    live(call);
    return page(call.world.paymentMethods, `/v1/customers/${call.id}/payment_methods`, query, {
      where: { customer: call.id, type: query.type },
    });
  }),
];

function known({ world, id }: Call): Stored<Stripe.Customer, CustomerHidden> {
  const found = world.customers.find(id);
  if (found === undefined) throw missing('customer', id);
  return found;
}

function live(call: Call): Stored<Stripe.Customer, CustomerHidden> {
  const found = known(call);
  if (found.hidden.deleted) throw missing('customer', call.id);
  return found;
}

function deleted(id: string): Stripe.DeletedCustomer {
  return { id, object: 'customer', deleted: true };
}

function requireOwnCard({ world, id }: Call, method: string): void {
  if (idOf(world.paymentMethods.find(method)?.body.customer) === id) return;
  throw invalid(
    `The customer does not have a payment method with the ID ${method}. The payment method must be attached to the customer.`,
    {
      code: 'resource_missing',
      param: 'invoice_settings[default_payment_method]',
    },
  );
}
