// The signed-in person's own cards: seen by nobody else, saved through Stripe's hosted page.
import { z } from 'zod';
import { openCardSetup } from '../../activities/payments/cards.ts';
import { removeCard } from '../../activities/payments/remove-card.ts';
import { readCurrency } from '../../ledger/deployment.ts';
import { listPaymentMethods } from '../../ledger/payments/payment-methods.ts';
import { requirePerson } from '../access.ts';
import { once } from '../idempotency.ts';
import { paymentProblem } from '../payment-problem.ts';
import { Problem } from '../problem.ts';
import { type Route, route } from '../route.ts';
import { pageOf, timestamp } from '../schemas.ts';
import type { TopUpSurroundings } from './top-ups.ts';

const paymentMethod = z
  .strictObject({
    id: z.string(),
    brand: z.string(),
    last4: z.string(),
    expMonth: z.number().int(),
    expYear: z.number().int(),
    createdAt: timestamp,
  })
  .meta({ id: 'PaymentMethod' });

const cardSetup = z
  .strictObject({
    id: z.uuid(),
    setupUrl: z
      .url()
      .nullable()
      .describe('The hosted page on which the card is saved; null once it is done.'),
  })
  .meta({ id: 'CardSetup' });

export type PaymentMethodSurroundings = Omit<TopUpSurroundings, 'startTopUp'>;

/** `GET` and `POST /v1/me/payment-methods`, `DELETE …/{paymentMethodId}`. */
export function paymentMethodRoutes(surroundings: PaymentMethodSurroundings): Route[] {
  const { payments } = surroundings;
  return [
    route(surroundings, {
      method: 'get',
      path: '/v1/me/payment-methods',
      summary: 'Your saved cards',
      tag: 'Payment methods',
      caller: 'person',
      answers: { 200: { description: 'The cards', schema: pageOf(paymentMethod, 'PaymentMethodPage') } },
      async handle({ principal }) {
        const cards = await listPaymentMethods(payments.pool, requirePerson(principal).personId);
        const items = cards.map((card) => ({ ...card, createdAt: card.createdAt.toISOString() }));
        return { status: 200, body: { items, nextCursor: null } };
      },
    }),
    route(surroundings, {
      method: 'post',
      path: '/v1/me/payment-methods',
      summary: 'Save a card for auto top-up',
      description:
        'Answers with the address of a hosted page. Nothing is charged; the page asks for your consent.',
      tag: 'Payment methods',
      caller: 'person',
      idempotent: true,
      answers: { 201: { description: 'Where to save the card', schema: cardSetup } },
      problems: ['payments-unavailable', 'idempotency-key-reused', 'idempotency-key-in-use'],
      async handle({ principal, request }) {
        const { personId } = requirePerson(principal);
        return once(payments, request, { caller: `person:${personId}`, body: null }, async (cardSetupId) => {
          const address = request.ip ?? null;
          const currency = await readCurrency(payments.pool);
          const setup = { cardSetupId, personId, currency, address };
          const setupUrl = await openCardSetup(payments, setup).catch((error: unknown) => {
            throw paymentProblem(error);
          });
          return { status: 201, body: { id: cardSetupId, setupUrl } };
        });
      },
    }),
    route(surroundings, {
      method: 'delete',
      path: '/v1/me/payment-methods/{paymentMethodId}',
      summary: 'Remove a saved card of yours',
      description:
        'Auto top-up that uses it pauses at once, and its owners and admins are told. A charge that was already sent still adds its credit.',
      tag: 'Payment methods',
      caller: 'person',
      params: z.strictObject({ paymentMethodId: z.string().max(255) }),
      answers: { 204: { description: 'It is removed' } },
      problems: ['not-found', 'payments-unavailable'],
      async handle({ principal, params, actor }) {
        const card = { paymentMethodId: params.paymentMethodId, personId: requirePerson(principal).personId };
        const isTheirs = await removeCard(payments, card, actor).catch((error: unknown) => {
          throw paymentProblem(error);
        });
        if (!isTheirs) throw new Problem('not-found', 'You have no such saved card.');
        return { status: 204 };
      },
    }),
  ];
}
