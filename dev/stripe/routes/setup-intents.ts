// /v1/setup_intents: create, get, confirm, cancel.
import type Stripe from 'stripe';
import { z } from 'zod';
import { allowedTypes, METHOD_TYPES } from '../core/method-types.ts';
import { boolean, metadata, params, text, url } from '../core/params.ts';
import { idOf } from '../core/refs.ts';
import { invalid, missing, StripeRefusal } from '../core/refusal.ts';
import { type Call, type Route, route } from '../core/route.ts';
import type { World } from '../core/world.ts';
import { existingCustomer, usableMethod } from '../flows/find-method.ts';
import { attemptSetup } from '../flows/setup.ts';
import { buildSetupIntent } from '../objects/setup-intent.ts';
import { emit } from '../webhooks/emit.ts';

const OPEN = ['requires_payment_method', 'requires_confirmation', 'requires_action'];

export const setupIntentRoutes: Route[] = [
  route(
    'POST',
    '/v1/setup_intents',
    params({
      customer: text.optional(),
      payment_method: text.optional(),
      confirm: boolean.optional(),
      usage: z.enum(['off_session', 'on_session']).optional(),
      description: z.string().max(1000).optional(),
      metadata: metadata.optional(),
      return_url: url.optional(),
      ...METHOD_TYPES,
    }),
    (given, { world, versioned }) => {
      const customer = given.customer === undefined ? null : existingCustomer(world, given.customer).body.id;
      const intent = buildSetupIntent(
        {
          customer,
          description: given.description,
          metadata: given.metadata,
          usage: given.usage,
          allowedTypes: allowedTypes(given, versioned),
        },
        world.clock.now(),
      );
      world.setupIntents.insert(intent, { session: null });
      emit(world, 'setup_intent.created', intent);
      if (given.confirm === true) return confirm(world, intent, given.payment_method);
      if (given.payment_method === undefined) return intent;
      const method = usableMethod(world, given.payment_method, customer);
      const ready: Stripe.SetupIntent = {
        ...intent,
        payment_method: method.body.id,
        status: 'requires_confirmation',
      };
      world.setupIntents.save(ready);
      return ready;
    },
  ),
  route('GET', '/v1/setup_intents/:id', params({ client_secret: text.optional() }), (_, call) => known(call)),
  route(
    'POST',
    '/v1/setup_intents/:id/confirm',
    params({ payment_method: text.optional(), return_url: url.optional() }),
    (given, call) => {
      const intent = open(call, 'confirm');
      return confirm(call.world, intent, given.payment_method ?? idOf(intent.payment_method) ?? undefined);
    },
  ),
  route(
    'POST',
    '/v1/setup_intents/:id/cancel',
    params({ cancellation_reason: z.enum(['abandoned', 'requested_by_customer', 'duplicate']).optional() }),
    (given, call) => {
      const canceled: Stripe.SetupIntent = {
        ...open(call, 'cancel'),
        status: 'canceled',
        cancellation_reason: given.cancellation_reason ?? null,
        next_action: null,
      };
      call.world.setupIntents.save(canceled);
      emit(call.world, 'setup_intent.canceled', canceled);
      return canceled;
    },
  ),
];

function known({ world, id }: Call): Stripe.SetupIntent {
  const found = world.setupIntents.find(id);
  if (found === undefined) throw missing('setupintent', id);
  return found.body;
}

function open(call: Call, verb: string): Stripe.SetupIntent {
  const intent = known(call);
  if (call.world.setupIntents.find(call.id)?.hidden.session !== null) {
    throw invalid(`You cannot ${verb} this SetupIntent because it was created by a Checkout Session.`, {
      code: 'setup_intent_unexpected_state',
    });
  }
  if (OPEN.includes(intent.status)) return intent;
  throw new StripeRefusal(400, {
    type: 'invalid_request_error',
    code: 'setup_intent_unexpected_state',
    message: `You cannot ${verb} this SetupIntent because it has a status of ${intent.status}.`,
    setup_intent: intent,
  });
}

function confirm(
  world: World,
  intent: Stripe.SetupIntent,
  reference: string | undefined,
): Stripe.SetupIntent {
  if (reference === undefined) {
    throw invalid("You cannot confirm this SetupIntent because it's missing a payment method.", {
      code: 'setup_intent_unexpected_state',
      param: 'payment_method',
    });
  }
  const method = usableMethod(world, reference, idOf(intent.customer));
  const { intent: tried, decline } = attemptSetup(world, intent, method, { authenticated: false });
  if (decline === null) return tried;
  throw new StripeRefusal(
    402,
    {
      type: 'card_error',
      code: decline.code,
      decline_code: decline.declineCode,
      ...(decline.adviceCode !== null && { advice_code: decline.adviceCode }),
      message: decline.message,
      setup_intent: tried,
      payment_method: method.body,
    },
    { keepsEffects: true },
  );
}
