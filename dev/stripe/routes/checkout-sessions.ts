// /v1/checkout/sessions: create (payment and setup), get, list, line items, expire.
import type Stripe from 'stripe';
import { z } from 'zod';
import { lineItems } from '../core/expand.ts';
import { page } from '../core/lists.ts';
import { allowedTypes } from '../core/method-types.ts';
import { requireAmount, requireCurrency } from '../core/money-bounds.ts';
import { listParams, params, range, text } from '../core/params.ts';
import { invalid, missing } from '../core/refusal.ts';
import { type Call, type Route, route } from '../core/route.ts';
import type { World } from '../core/world.ts';
import { expireSession, type StoredSession } from '../flows/checkout.ts';
import { existingCustomer } from '../flows/find-method.ts';
import { schedule } from '../flows/schedule.ts';
import { buildSession, type SessionHidden } from '../objects/session.ts';
import { buildSetupIntent } from '../objects/setup-intent.ts';
import { emit } from '../webhooks/emit.ts';
import { sessionLines } from './session-lines.ts';
import { CREATE, type Create, requireExpiry, requireSense } from './session-params.ts';

export const checkoutSessionRoutes: Route[] = [
  route('POST', '/v1/checkout/sessions', CREATE, (given, { world, versioned }) => {
    requireSense(given);
    const expiresAt = requireExpiry(given.expires_at, world.clock.now());
    const types = allowedTypes(given, versioned);
    const customer = given.customer === undefined ? null : existingCustomer(world, given.customer).body.id;
    const lines = given.mode === 'payment' ? sessionLines(world, given.line_items ?? []) : [];
    const amount = lines.reduce((sum, line) => sum + line.amount_total, 0);
    const currency =
      lines[0]?.currency ?? (given.currency === undefined ? null : requireCurrency(given.currency));
    if (given.mode === 'payment') requireAmount(amount, currency ?? 'usd', 'line_items');
    const setupIntent = given.mode === 'setup' ? setupIntentFor(world, given, customer, types) : null;
    const session = buildSession(
      {
        mode: given.mode,
        amount: given.mode === 'payment' ? amount : null,
        currency,
        customer,
        customerEmail: given.customer_email ?? null,
        clientReferenceId: given.client_reference_id ?? null,
        metadata: given.metadata ?? {},
        allowedTypes: types,
        expiresAt,
        successUrl: given.success_url,
        cancelUrl: given.cancel_url ?? null,
        adaptivePricing: given.adaptive_pricing?.enabled ?? true,
        reuseAgreement: given.consent_collection?.payment_method_reuse_agreement?.position ?? null,
        invoice: invoiceOf(given),
        setupIntent: setupIntent?.id ?? null,
        submitType: given.submit_type ?? null,
      },
      world.clock.now(),
      world.baseUrl,
    );
    world.sessions.insert(session, hiddenOf(given, lines, types));
    if (setupIntent !== null) {
      world.setupIntents.insert(setupIntent, { session: session.id });
      emit(world, 'setup_intent.created', setupIntent);
    }
    schedule(world, expiresAt * 1000, 'expire_session', session.id);
    return session;
  }),
  route(
    'GET',
    '/v1/checkout/sessions',
    listParams({
      customer: text.optional(),
      payment_intent: text.optional(),
      status: z.enum(['open', 'complete', 'expired']).optional(),
      created: range.optional(),
    }),
    (query, { world }) =>
      page(world.sessions, '/v1/checkout/sessions', query, {
        where: { customer: query.customer, payment_intent: query.payment_intent, status: query.status },
      }),
  ),
  route('GET', '/v1/checkout/sessions/:id', params({}), (_, call) => known(call).body),
  route('GET', '/v1/checkout/sessions/:id/line_items', listParams({}), (_, call) => {
    known(call);
    return lineItems(call.world, call.id);
  }),
  route('POST', '/v1/checkout/sessions/:id/expire', params({}), (_, call) => {
    const { body } = known(call);
    const expired = expireSession(call.world, body.id);
    if (expired !== null) return expired;
    throw invalid(
      `Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of ${body.status}.`,
    );
  }),
];

function known({ world, id }: Call): StoredSession {
  const found = world.sessions.find(id);
  if (found === undefined) throw missing('checkout.session', id);
  return found;
}

function setupIntentFor(
  world: World,
  given: Create,
  customer: string | null,
  types: string[] | null,
): Stripe.SetupIntent {
  const { description, metadata } = given.setup_intent_data ?? {};
  return buildSetupIntent({ customer, description, metadata, allowedTypes: types }, world.clock.now());
}

function invoiceOf(given: Create): Parameters<typeof buildSession>[0]['invoice'] {
  if (given.invoice_creation?.enabled !== true) return null;
  const data = given.invoice_creation.invoice_data;
  return {
    description: data?.description ?? null,
    footer: data?.footer ?? null,
    metadata: data?.metadata ?? {},
  };
}

function hiddenOf(given: Create, lines: Stripe.LineItem[], types: string[] | null): SessionHidden {
  const data = given.payment_intent_data;
  return {
    lines,
    allowedTypes: types,
    paymentIntentData: {
      description: data?.description ?? null,
      metadata: data?.metadata ?? {},
      receiptEmail: data?.receipt_email ?? null,
      setupFutureUsage: data?.setup_future_usage ?? null,
      statementDescriptorSuffix: data?.statement_descriptor_suffix ?? null,
    },
  };
}
