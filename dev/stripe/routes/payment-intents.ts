// /v1/payment_intents: create, get, list, confirm, cancel.
import type Stripe from 'stripe';
import { z } from 'zod';
import { page } from '../core/lists.ts';
import { allowedTypes, METHOD_TYPES } from '../core/method-types.ts';
import { requireAmount, requireCurrency } from '../core/money-bounds.ts';
import { boolean, integer, listParams, metadata, params, range, text, url } from '../core/params.ts';
import { idOf } from '../core/refs.ts';
import { invalid, missing, StripeRefusal } from '../core/refusal.ts';
import { type Call, type Route, route } from '../core/route.ts';
import { receivedAtMs, type World } from '../core/world.ts';
import { existingCustomer, usableMethod } from '../flows/find-method.ts';
import { attemptPayment, declineRefusal } from '../flows/pay.ts';
import { buildPaymentIntent } from '../objects/payment-intent.ts';
import { emit } from '../webhooks/emit.ts';

const CREATE = params({
  amount: integer,
  currency: text,
  customer: text.optional(),
  payment_method: text.optional(),
  confirm: boolean.optional(),
  off_session: boolean.optional(),
  setup_future_usage: z.enum(['off_session', 'on_session']).optional(),
  description: z.string().max(1000).optional(),
  statement_descriptor_suffix: z
    .string()
    .regex(
      /^(?=.*[A-Za-z])[^<>\\'"*]{1,22}$/,
      'must have a letter, at most 22 characters and none of < > \\ \' " *',
    )
    .optional(),
  receipt_email: text.optional(),
  metadata: metadata.optional(),
  return_url: url.optional(),
  capture_method: z.enum(['automatic', 'automatic_async']).optional(),
  ...METHOD_TYPES,
});

interface Confirmation {
  payment_method?: string | undefined;
  off_session?: boolean | undefined;
  return_url?: string | undefined;
}

export const paymentIntentRoutes: Route[] = [
  route('POST', '/v1/payment_intents', CREATE, (given, { world, versioned }) => {
    const currency = requireCurrency(given.currency);
    requireAmount(given.amount, currency);
    if (given.off_session === true && given.confirm !== true) {
      throw invalid('You can only use `off_session` when `confirm` is true.', { param: 'off_session' });
    }
    const customer = given.customer === undefined ? null : existingCustomer(world, given.customer).body.id;
    const fresh = buildPaymentIntent(
      {
        amount: given.amount,
        currency,
        customer,
        description: given.description,
        metadata: given.metadata,
        receiptEmail: given.receipt_email,
        setupFutureUsage: given.setup_future_usage,
        statementDescriptorSuffix: given.statement_descriptor_suffix,
        allowedTypes: allowedTypes(given, versioned),
      },
      world.clock.now(),
    );
    world.paymentIntents.insert(fresh, {
      session: null,
      processingEndsIn: null,
      receivedAtMs: receivedAtMs(world),
    });
    emit(world, 'payment_intent.created', fresh);
    if (given.confirm === true) return confirm(world, fresh, given);
    return given.payment_method === undefined ? fresh : chosen(world, fresh, given.payment_method);
  }),
  route(
    'GET',
    '/v1/payment_intents',
    listParams({ customer: text.optional(), created: range.optional() }),
    (query, { world }) => {
      if (query.customer !== undefined && world.customers.find(query.customer) === undefined) {
        throw missing('customer', query.customer, 'customer');
      }
      return page(world.paymentIntents, '/v1/payment_intents', query, {
        where: { customer: query.customer },
      });
    },
  ),
  route('GET', '/v1/payment_intents/:id', params({ client_secret: text.optional() }), (_, call) =>
    known(call),
  ),
  route(
    'POST',
    '/v1/payment_intents/:id/confirm',
    params({
      payment_method: text.optional(),
      off_session: boolean.optional(),
      return_url: url.optional(),
    }),
    (given, call) => {
      const intent = known(call);
      refuseSessionsIntent(call, 'confirm');
      if (!['requires_payment_method', 'requires_confirmation', 'requires_action'].includes(intent.status)) {
        throw unexpectedState(
          intent,
          'confirm',
          'requires_payment_method, requires_confirmation, requires_action',
        );
      }
      return confirm(call.world, intent, given);
    },
  ),
  route(
    'POST',
    '/v1/payment_intents/:id/cancel',
    params({
      cancellation_reason: z
        .enum(['duplicate', 'fraudulent', 'requested_by_customer', 'abandoned'])
        .optional(),
    }),
    (given, call) => {
      const intent = known(call);
      refuseSessionsIntent(call, 'cancel');
      if (!['requires_payment_method', 'requires_confirmation', 'requires_action'].includes(intent.status)) {
        throw unexpectedState(
          intent,
          'cancel',
          'requires_payment_method, requires_capture, requires_confirmation, requires_action',
        );
      }
      const canceled: Stripe.PaymentIntent = {
        ...intent,
        status: 'canceled',
        canceled_at: call.world.clock.now(),
        cancellation_reason: given.cancellation_reason ?? null,
        next_action: null,
      };
      call.world.paymentIntents.save(canceled);
      emit(call.world, 'payment_intent.canceled', canceled);
      return canceled;
    },
  ),
];

function known({ world, id }: Call): Stripe.PaymentIntent {
  const found = world.paymentIntents.find(id);
  if (found === undefined) throw missing('payment_intent', id);
  return found.body;
}

function chosen(world: World, intent: Stripe.PaymentIntent, reference: string): Stripe.PaymentIntent {
  const method = usableMethod(world, reference, idOf(intent.customer));
  const ready: Stripe.PaymentIntent = {
    ...intent,
    payment_method: method.body.id,
    status: 'requires_confirmation',
  };
  world.paymentIntents.save(ready);
  return ready;
}

function confirm(world: World, intent: Stripe.PaymentIntent, given: Confirmation): Stripe.PaymentIntent {
  const reference = given.payment_method ?? idOf(intent.payment_method);
  if (reference === null) {
    throw invalid(
      "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method.",
      { code: 'payment_intent_unexpected_state', param: 'payment_method' },
    );
  }
  const method = usableMethod(world, reference, idOf(intent.customer));
  const attempt = attemptPayment(world, intent, method, {
    offSession: given.off_session === true,
    authenticated: false,
    returnUrl: given.return_url,
  });
  if (attempt.decline !== null) throw declineRefusal({ ...attempt, decline: attempt.decline });
  return attempt.intent;
}

function refuseSessionsIntent({ world, id }: Call, verb: string): void {
  if (world.paymentIntents.find(id)?.hidden.session === null) return;
  throw invalid(
    `You cannot ${verb} this PaymentIntent because it was created by a Checkout Session. Expire the Checkout Session instead.`,
    { code: 'payment_intent_unexpected_state' },
  );
}

function unexpectedState(intent: Stripe.PaymentIntent, verb: string, allowed: string): StripeRefusal {
  return new StripeRefusal(400, {
    type: 'invalid_request_error',
    code: 'payment_intent_unexpected_state',
    message: `You cannot ${verb} this PaymentIntent because it has a status of ${intent.status}. Only a PaymentIntent with one of the following statuses may be ${verb}ed: ${allowed}.`,
    payment_intent: intent,
  });
}
