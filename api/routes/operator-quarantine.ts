// Operators: payments that were set aside because they did not match, and the decision about each.
import { validate as isUuid } from 'uuid';
import { z } from 'zod';
import type { PaymentClients } from '../../activities/payments/clients.ts';
import { decideQuarantined } from '../../activities/payments/resolve-quarantine.ts';
import { formatDollars, nanosFromCents, nanosFromString } from '../../ledger/money.ts';
import {
  findQuarantined,
  listQuarantine,
  type QuarantinedPayment,
} from '../../ledger/payments/quarantine.ts';
import { decodeCursor, encodeCursor, invalidCursor, pageFrom } from '../cursor.ts';
import { once } from '../idempotency.ts';
import { paymentProblem } from '../payment-problem.ts';
import { Problem } from '../problem.ts';
import { type Route, type RouteSurroundings, route } from '../route.ts';
import { amount, cursor, limit, named, pageOf, timestamp } from '../schemas.ts';
import { idempotencyKey, operatorToken } from './operator.ts';

type Surroundings = RouteSurroundings & { readonly payments: PaymentClients };

const resolution = z.enum(['credited', 'kept-out']);

const quarantined = z
  .strictObject({
    id: z.string().describe('The id of the payment at the payment provider.'),
    reason: z.string().describe('What did not match.'),
    amount: amount.nullable().describe('What was taken; null in another currency.'),
    amountCents: z.int().nullable().describe('What was taken, in the smallest unit of its currency.'),
    currency: z.string().nullable(),
    foundAt: timestamp,
    topUpId: z.uuid().nullable().describe('The top-up it was for; null when it names none of ours.'),
    accountId: z.uuid().nullable(),
    asked: amount.nullable().describe('What the top-up asked for.'),
    payer: named.nullable(),
    resolution: resolution.nullable().describe('Null while it waits.'),
    resolutionReason: z.string().nullable(),
    resolvedBy: z.string().nullable(),
    resolvedAt: timestamp.nullable(),
  })
  .meta({ id: 'QuarantinedPayment' });

const decision = z
  .strictObject({
    resolution: resolution.describe(
      '`credited`: what was taken becomes credit, once. `kept-out`: it stays out of the ledger.',
    ),
    reason: z.string().trim().min(1, 'Say why.').max(500, 'A reason has at most 500 characters.'),
    accountId: z
      .string()
      .refine(isUuid, 'An account has a UUID.')
      .optional()
      .describe('Whom to credit, for a payment that belongs to no top-up.'),
  })
  .meta({ id: 'QuarantineDecision' });

/** `GET /v1/operator/quarantine` and `POST /v1/operator/quarantine/{paymentId}/resolve`. */
export function operatorQuarantineRoutes(surroundings: Surroundings): Route[] {
  return [listRoute(surroundings), resolveRoute(surroundings)];
}

function listRoute(surroundings: Surroundings): Route {
  const { pool } = surroundings.payments;
  return route(surroundings, {
    method: 'get',
    path: '/v1/operator/quarantine',
    summary: 'Payments that were set aside, oldest first',
    description: 'Money that was taken and did not match what was asked for. None is credited by itself.',
    tag: 'Operators',
    caller: 'operator',
    scope: 'read',
    query: z.strictObject({
      state: z.enum(['open', 'resolved']).default('open'),
      cursor: cursor.optional(),
      limit,
    }),
    answers: {
      200: {
        description: 'A page of payments',
        schema: pageOf(quarantined, 'QuarantinedPaymentPage'),
      },
    },
    async handle({ query }) {
      const after = query.cursor === undefined ? undefined : placeOf(query.cursor);
      const found = await listQuarantine(pool, {
        isOpen: query.state === 'open',
        after,
        limit: query.limit + 1,
      });
      const { items, nextCursor } = pageFrom(found, query.limit, (one) =>
        encodeCursor(one.foundExactly, one.paymentIntentId),
      );
      return { status: 200, body: { items: items.map(shown), nextCursor } };
    },
  });
}

const PLACE = z.tuple([z.iso.datetime({ offset: true, local: false }), z.string().max(255)]);

function placeOf(text: string): { foundAt: string; paymentIntentId: string } {
  const place = PLACE.safeParse(decodeCursor(text, 2));
  if (!place.success) throw invalidCursor();
  return { foundAt: place.data[0], paymentIntentId: place.data[1] };
}

function resolveRoute(surroundings: Surroundings): Route {
  const { payments } = surroundings;
  return route(surroundings, {
    method: 'post',
    path: '/v1/operator/quarantine/{paymentId}/resolve',
    summary: 'Decide about a payment that was set aside',
    description: 'A decision is not changed. Auto top-up that waited for it goes on.',
    tag: 'Operators',
    caller: 'operator',
    scope: 'money',
    idempotent: 'required',
    params: z.strictObject({ paymentId: z.string().max(255) }),
    body: decision,
    answers: { 200: { description: 'The payment with its decision', schema: quarantined } },
    problems: [
      'not-found',
      'account-not-found',
      'account-closed',
      'payment-not-creditable',
      'quarantine-resolved',
      'payments-unavailable',
      'idempotency-key-reused',
      'idempotency-key-in-use',
    ],
    async handle({ principal, actor, params, body, request }) {
      const token = operatorToken(principal);
      idempotencyKey(request.get('idempotency-key'));
      const paymentIntentId = params.paymentId;
      const found = await findQuarantined(payments.pool, paymentIntentId);
      if (found === undefined) throw new Problem('not-found', 'There is no such payment in quarantine.');
      return once(payments, request, { caller: `operator:${token.id}`, body }, async (commandId) => {
        const { accountId = null, ...rest } = body;
        const decided = { ...rest, accountId, paymentIntentId, commandId, operator: token.name };
        await decideQuarantined(payments, decided, actor).catch((error: unknown) => {
          throw paymentProblem(error);
        });
        const resolved = await findQuarantined(payments.pool, paymentIntentId);
        return { status: 200, body: shown(resolved ?? found) };
      });
    },
  });
}

function shown(found: QuarantinedPayment): z.input<typeof quarantined> {
  const { amountCents, currency, resolution: decided } = found;
  const isDollars = amountCents !== null && currency === 'usd';
  return {
    id: found.paymentIntentId,
    reason: found.reason,
    amount: isDollars ? formatDollars(nanosFromCents(amountCents)) : null,
    amountCents,
    currency,
    foundAt: found.foundAt.toISOString(),
    topUpId: found.topUpId,
    accountId: found.accountId,
    asked: found.askedNanos === null ? null : formatDollars(nanosFromString(found.askedNanos)),
    payer: found.payer,
    resolution: decided?.kind ?? null,
    resolutionReason: decided?.reason ?? null,
    resolvedBy: decided?.by ?? null,
    resolvedAt: decided?.at.toISOString() ?? null,
  };
}
