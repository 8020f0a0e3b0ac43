// Top-ups of an account: any member adds credit with a card of their own, everybody with a part in it sees who paid.
import { validate as isUuid } from 'uuid';
import { z } from 'zod';
import { openCheckout } from '../../activities/payments/checkout.ts';
import type { PaymentClients } from '../../activities/payments/clients.ts';
import type { Pool } from '../../ledger/database.ts';
import { formatDollars } from '../../ledger/money.ts';
import { parseCharge } from '../../ledger/payments/amounts.ts';
import { findTopUp, insertManualTopUp, listTopUps, type TopUp } from '../../ledger/payments/top-ups.ts';
import { readAccounts } from '../../ledger/reading/accounts.ts';
import { endingOf, topUpEndings } from '../../ledger/reading/top-up-ending.ts';
import { readTopUpTimeline, type TimelineStep, timelineSteps } from '../../ledger/reading/top-up-timeline.ts';
import { requirePerson } from '../access.ts';
import { pageFrom } from '../cursor.ts';
import { once } from '../idempotency.ts';
import { paymentProblem } from '../payment-problem.ts';
import type { Principal } from '../principal.ts';
import { Problem } from '../problem.ts';
import { accountRoute, type Route, type RouteSurroundings } from '../route.ts';
import { attemptsOf } from '../route-rate-limit.ts';
import { accountParams, amount, limit, named, pageOf, timestamp } from '../schemas.ts';

/** A top-up as the API shows it. */
export const topUp = z
  .strictObject({
    id: z.uuid(),
    mode: z.enum(['manual', 'auto']),
    amount,
    currency: z.string(),
    state: z.enum(['open', 'processing', 'paid', 'not-completed']),
    payer: named,
    createdAt: timestamp,
    paidAt: timestamp.nullable(),
    checkoutUrl: z
      .url()
      .nullable()
      .describe('Where its payer pays; null for everybody else, and once it is over.'),
  })
  .meta({ id: 'TopUp' });

/** One top-up with what happened to it. */
const topUpDetail = z
  .strictObject({
    ...topUp.shape,
    ending: z
      .enum(topUpEndings)
      .nullable()
      .describe('Why it was not completed, for its payer; null for everybody else, and when it was not.'),
    timeline: z
      .array(
        z.strictObject({
          at: timestamp,
          what: z.enum(timelineSteps),
          balance: amount.optional().describe('Of an evaluation: the balance that it found.'),
          threshold: amount.optional().describe('Of an evaluation: the threshold at that time.'),
        }),
      )
      .describe(
        'What happened, oldest first. How a card fared, and that a payment was set aside, only its payer reads.',
      ),
  })
  .meta({ id: 'TopUpDetail' });

const topUpRequest = z
  .strictObject({
    amount: z
      .string('Write an amount as a string: "25.00".')
      .describe('Dollars from 5.00 to 2000.00, in whole cents.'),
    saveCard: z
      .boolean()
      .default(false)
      .describe('Keep the card for auto top-up, on your consent on the page.'),
  })
  .meta({ id: 'TopUpRequest' });

export interface TopUpSurroundings extends RouteSurroundings {
  readonly payments: PaymentClients;
  /** Has a stored top-up followed to its end. Must not throw: the sweeper takes up what was missed. */
  readonly startTopUp: (topUpId: string, accountId: string) => void;
}

const OPEN_MS = 2 * 3_600_000;

/** `POST` and `GET /v1/accounts/{accountId}/top-ups`, `GET …/top-ups/{topUpId}`. */
export function topUpRoutes(surroundings: TopUpSurroundings): Route[] {
  return [createRoute(surroundings), listRoute(surroundings), showRoute(surroundings)];
}

function createRoute(surroundings: TopUpSurroundings): Route {
  const { payments, startTopUp, limits } = surroundings;
  const { pool, clock } = payments;
  return accountRoute(surroundings, {
    method: 'post',
    path: '/v1/accounts/{accountId}/top-ups',
    summary: 'Add credit with your own card',
    description:
      'Answers with the address of a hosted page; the credit is there as soon as the payment succeeds.',
    tag: 'Top-ups',
    right: 'add-credit',
    handlerRateLimit: 'top-ups',
    params: accountParams,
    body: topUpRequest,
    idempotent: true,
    answers: { 201: { description: 'The top-up, to be paid at its checkoutUrl', schema: topUp } },
    problems: [
      'account-not-found',
      'account-closed',
      'account-frozen',
      'amount-malformed',
      'amount-not-in-cents',
      'amount-out-of-range',
      'idempotency-key-reused',
      'idempotency-key-in-use',
      'payments-unavailable',
    ],
    async handle({ principal, body, request, access }) {
      const { personId } = requirePerson(principal);
      const { accountId } = access;
      const cost = parseCharge(body.amount);
      const caller = `person:${personId}`;
      return once(payments, request, { caller, body }, async (id) => {
        // counted here, because a repetition of the key opens nothing
        await limits.take(...attemptsOf('top-ups', principal));
        const now = clock();
        const expiresAt = new Date(now.getTime() + OPEN_MS);
        const stored = { id, accountId, payerId: personId, amount: cost, saveCard: body.saveCard, expiresAt };
        await insertManualTopUp(pool, { ...stored, requestId: request.id }, now);
        if ((await findTopUp(pool, id)) === undefined) throw await notOpen(pool, accountId);
        startTopUp(id, accountId);
        const opened = await openCheckout(payments, id).catch((error: unknown) => {
          throw paymentProblem(error);
        });
        const location = `/v1/accounts/${accountId}/top-ups/${id}`;
        return { status: 201, body: shownTopUp(opened, principal), headers: { location } };
      });
    },
  });
}

/** Why an account takes no new top-up. */
async function notOpen(pool: Pool, accountId: string): Promise<Problem> {
  const [account] = await readAccounts(pool, [accountId]);
  return new Problem(account?.state === 'frozen' ? 'account-frozen' : 'account-closed');
}

function listRoute(surroundings: TopUpSurroundings): Route {
  const { pool } = surroundings.payments;
  return accountRoute(surroundings, {
    method: 'get',
    path: '/v1/accounts/{accountId}/top-ups',
    summary: 'Top-ups, newest first',
    description: 'Who paid, how much, when and how it went; never a card.',
    tag: 'Top-ups',
    right: 'read',
    params: accountParams,
    query: z.strictObject({ cursor: z.uuid().optional(), limit }),
    answers: { 200: { description: 'A page of top-ups', schema: pageOf(topUp, 'TopUpPage') } },
    problems: ['account-not-found'],
    async handle({ principal, query, access }) {
      const { accountId } = access;
      const found = await listTopUps(pool, accountId, { before: query.cursor, limit: query.limit + 1 });
      const { items, nextCursor } = pageFrom(found, query.limit, ({ id }) => id);
      return { status: 200, body: { items: items.map((item) => shownTopUp(item, principal)), nextCursor } };
    },
  });
}

function showRoute(surroundings: TopUpSurroundings): Route {
  const { pool } = surroundings.payments;
  return accountRoute(surroundings, {
    method: 'get',
    path: '/v1/accounts/{accountId}/top-ups/{topUpId}',
    summary: 'One top-up',
    tag: 'Top-ups',
    right: 'read',
    params: z.strictObject({ ...accountParams.shape, topUpId: z.string() }),
    answers: { 200: { description: 'The top-up', schema: topUpDetail } },
    problems: ['account-not-found', 'not-found'],
    async handle({ principal, params, access }) {
      const { accountId } = access;
      const found = isUuid(params.topUpId) ? await findTopUp(pool, params.topUpId) : undefined;
      if (found?.accountId !== accountId) throw new Problem('not-found', 'There is no such top-up.');
      const timeline = await readTopUpTimeline(pool, found.id);
      const isPayer = principal.kind === 'person' && principal.personId === found.payer.id;
      const steps = timeline.filter(({ isPayersAlone }) => isPayer || !isPayersAlone).map(shownStep);
      const ending =
        isPayer && found.state === 'not-completed' && found.reason !== null ? endingOf(found.reason) : null;
      return { status: 200, body: { ...shownTopUp(found, principal), ending, timeline: steps } };
    },
  });
}

function shownStep({ at, what, found }: TimelineStep): z.input<typeof topUpDetail>['timeline'][number] {
  return {
    at: at.toISOString(),
    what,
    ...(found !== null && {
      balance: formatDollars(found.balance),
      threshold: formatDollars(found.threshold),
    }),
  };
}

/** A top-up as one of its readers sees it. */
export function shownTopUp(found: TopUp, principal: Principal): z.input<typeof topUp> {
  const isPayer = principal.kind === 'person' && principal.personId === found.payer.id;
  return {
    id: found.id,
    mode: found.mode,
    amount: formatDollars(found.amount),
    currency: found.currency,
    state: found.state === 'unknown' ? 'processing' : found.state,
    payer: found.payer,
    createdAt: found.createdAt.toISOString(),
    paidAt: found.paidAt?.toISOString() ?? null,
    checkoutUrl: isPayer && found.state === 'open' ? found.checkoutUrl : null,
  };
}
