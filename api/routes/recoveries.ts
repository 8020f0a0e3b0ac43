// Charges that the bank wants confirmed: their payer, and nobody else, gets a page to pay them on.
import { validate as isUuid } from 'uuid';
import { z } from 'zod';
import { openRecovery } from '../../activities/payments/recover.ts';
import { requirePerson } from '../access.ts';
import { paymentProblem } from '../payment-problem.ts';
import { Problem } from '../problem.ts';
import { type Route, route } from '../route.ts';
import { shownTopUp, type TopUpSurroundings, topUp } from './top-ups.ts';

/** `POST /v1/me/top-ups/{topUpId}/recovery`. */
export function recoveryRoutes(surroundings: TopUpSurroundings): Route[] {
  const { payments, startTopUp } = surroundings;
  return [
    route(surroundings, {
      method: 'post',
      path: '/v1/me/top-ups/{topUpId}/recovery',
      summary: 'Pay an auto top-up that your bank wants confirmed',
      description:
        'Answers with a top-up to be paid on its hosted page; asked again, with the same one. Once it is paid, auto top-up goes on.',
      tag: 'Top-ups',
      caller: 'person',
      params: z.strictObject({ topUpId: z.string() }),
      answers: { 201: { description: 'The top-up, to be paid at its checkoutUrl', schema: topUp } },
      problems: ['not-found', 'payments-unavailable'],
      async handle({ principal, params }) {
        const { personId } = requirePerson(principal);
        const { topUpId } = params;
        const recovery = isUuid(topUpId)
          ? await openRecovery(payments, { topUpId, personId }).catch((error: unknown) => {
              throw paymentProblem(error);
            })
          : undefined;
        if (recovery?.kind !== 'open')
          throw new Problem('not-found', 'Nothing of yours waits to be paid here.');
        const { id, accountId } = recovery.topUp;
        startTopUp(id, accountId);
        const location = `/v1/accounts/${accountId}/top-ups/${id}`;
        return { status: 201, body: shownTopUp(recovery.topUp, principal), headers: { location } };
      },
    }),
  ];
}
