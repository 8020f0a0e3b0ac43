// /v1/payment_methods: create from a token, get, update, list, attach, detach.
import type Stripe from 'stripe';
import { z } from 'zod';
import { cardByAlias, cardByNumber } from '../cards/test-cards.ts';
import { changedFields } from '../core/changes.ts';
import { page } from '../core/lists.ts';
import { boolean, listParams, mergedMetadata, metadata, params, text } from '../core/params.ts';
import { idOf } from '../core/refs.ts';
import { invalid, missing } from '../core/refusal.ts';
import { type Call, type Route, route } from '../core/route.ts';
import { attach, attachRefused, detach } from '../flows/attach.ts';
import { existingCustomer, makeMethod, type StoredMethod } from '../flows/find-method.ts';
import { emit } from '../webhooks/emit.ts';

const BILLING = z.strictObject({ email: text.optional(), name: text.optional() });

export const paymentMethodRoutes: Route[] = [
  route(
    'POST',
    '/v1/payment_methods',
    params({
      type: z.literal('card'),
      card: z.strictObject({ token: text }),
      billing_details: BILLING.optional(),
      metadata: metadata.optional(),
    }),
    ({ card: { token }, billing_details: billing, metadata }, { world }) => {
      const card = token.startsWith('tok_') ? cardByAlias(token) : undefined;
      if (card === undefined) throw missing('token', token, 'card[token]');
      const given = { email: billing?.email ?? null, name: billing?.name ?? null, metadata };
      return makeMethod(world, card, given).body;
    },
  ),
  route(
    'GET',
    '/v1/payment_methods',
    listParams({ customer: text.optional(), type: text.optional() }),
    (query, { world }) => {
      if (query.customer !== undefined) existingCustomer(world, query.customer);
      return page(world.paymentMethods, '/v1/payment_methods', query, {
        where: { customer: query.customer, type: query.type },
        ...(query.customer === undefined && { also: { sql: 'customer is null', values: [] } }),
      });
    },
  ),
  route('GET', '/v1/payment_methods/:id', params({}), (_, call) => known(call).body),
  route(
    'POST',
    '/v1/payment_methods/:id',
    params({
      metadata: metadata.optional(),
      billing_details: BILLING.optional(),
      card: z
        .strictObject({
          exp_month: z.coerce.number().int().min(1).max(12).optional(),
          exp_year: z.coerce.number().int().optional(),
        })
        .optional(),
      allow_redisplay: z.enum(['always', 'limited', 'unspecified']).optional(),
    }),
    (change, call) => {
      const { body: before } = known(call);
      if (before.customer === null) {
        throw invalid('You must save this PaymentMethod to a customer before you can update it.');
      }
      const after: Stripe.PaymentMethod = {
        ...before,
        metadata: mergedMetadata(before.metadata ?? {}, change.metadata),
        billing_details: {
          ...before.billing_details,
          ...(change.billing_details?.email !== undefined && { email: change.billing_details.email || null }),
          ...(change.billing_details?.name !== undefined && { name: change.billing_details.name || null }),
        },
        ...(change.allow_redisplay !== undefined && { allow_redisplay: change.allow_redisplay }),
        ...(before.card !== undefined && {
          card: {
            ...before.card,
            exp_month: change.card?.exp_month ?? before.card.exp_month,
            exp_year: change.card?.exp_year ?? before.card.exp_year,
          },
        }),
      };
      call.world.paymentMethods.save(after);
      emit(call.world, 'payment_method.updated', after, changedFields(before, after));
      return after;
    },
  ),
  route('POST', '/v1/payment_methods/:id/attach', params({ customer: text }), ({ customer }, call) => {
    const { world } = call;
    existingCustomer(world, customer);
    const method = known(call);
    const owner = idOf(method.body.customer);
    if (owner !== null && owner !== customer) {
      throw invalid('The payment method you provided has already been attached to a customer.');
    }
    if (method.hidden.spent) {
      throw invalid(
        'This PaymentMethod was previously used without being attached to a Customer or was detached from a Customer, and may not be used again.',
      );
    }
    const { attach: decline } = cardByNumber(method.hidden.number);
    if (decline !== null) throw attachRefused(decline, method.body);
    return attach(world, method, customer, false).body;
  }),
  route('POST', '/v1/payment_methods/:id/detach', params({ force: boolean.optional() }), (_, call) => {
    const method = known(call);
    if (method.body.customer === null) {
      throw invalid(
        'The payment method you provided is not attached to a customer so detachment is impossible.',
        { param: 'payment_method' },
      );
    }
    return detach(call.world, method);
  }),
];

/** The card in the path; `pm_card_…` makes a new one, as each attach of it does at Stripe. */
function known({ world, id }: Call): StoredMethod {
  const card = id.startsWith('pm_card_') ? cardByAlias(id) : undefined;
  const found = card === undefined ? world.paymentMethods.find(id) : makeMethod(world, card);
  if (found === undefined) throw missing('PaymentMethod', id);
  return found;
}
