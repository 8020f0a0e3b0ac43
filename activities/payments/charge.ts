// Charging: one step of an auto top-up's attempt. Sends it, or looks up what became of it; never two of an episode.
import { ApplicationFailure } from '@temporalio/common';
import type Stripe from 'stripe';
import { centsFromNanos } from '../../ledger/money.ts';
import {
  type Attempt,
  beginAttempt,
  countReplayedFailure,
  type DeclineClass,
  endNeverSent,
  findAttemptIntent,
  markUnknown,
  namePaymentIntent,
  recordDecline,
} from '../../ledger/payments/attempts.ts';
import { findTopUp, markProcessing, postponeCheck } from '../../ledger/payments/top-ups.ts';
import type { PaymentClients } from './clients.ts';
import { type DeclineWords, declineClassOf, failureOf, isMissing } from './failures.ts';
import type { TopUpStep } from './step.ts';

const MINUTE_MS = 60_000;
const LOOK_AGAIN_MS = 15 * MINUTE_MS;
const LOOK_SOON_MS = 30_000;
const MOST_REPLAYED_FAILURES = 3;

/**
 * Takes an auto top-up one step on: an answer of Stripe, also a decline, is returned; an outcome that is not known
 * is thrown, so that it is sent again with the same key.
 */
export async function charge(clients: PaymentClients, topUpId: string): Promise<TopUpStep> {
  const now = clients.clock();
  const begun = await beginAttempt(clients.pool, topUpId, now);
  switch (begun.step) {
    case 'over':
      return over(clients, topUpId);
    case 'wait':
      return { kind: 'later', afterMs: Math.max(begun.until.getTime() - now.getTime(), 1_000) };
    case 'look-up':
      return lookUp(clients, begun.attempt);
    case 'send':
      return begun.again ? sendAgain(clients, begun.attempt) : send(clients, begun.attempt);
    default:
      return begun satisfies never;
  }
}

/**
 * The same key gives the same answer for as long as Stripe keeps it, which its clock decides and not ours. So what took
 * money, or is about to, is followed as it is found; whatever else is there may still be under way, and its key answers.
 */
async function sendAgain(clients: PaymentClients, attempt: Attempt): Promise<TopUpStep> {
  const made = await find(clients, attempt);
  return made !== undefined && takesMoney(made) ? follow(clients, attempt, made) : send(clients, attempt);
}

async function send(clients: PaymentClients, attempt: Attempt): Promise<TopUpStep> {
  const key = `top-up:${attempt.topUpId}:${attempt.attempt}`;
  let intent: Stripe.PaymentIntent;
  try {
    intent = await clients.stripe.createPaymentIntent(paramsOf(clients, attempt), key);
  } catch (error) {
    return failed(clients, attempt, error);
  }
  return follow(clients, attempt, intent);
}

function paramsOf({ deployment }: PaymentClients, attempt: Attempt): Stripe.PaymentIntentCreateParams {
  const { topUpId, accountId, receiptEmail } = attempt;
  return {
    amount: centsFromNanos(attempt.amount),
    currency: attempt.currency,
    customer: attempt.customerId,
    payment_method: attempt.paymentMethodId,
    off_session: true,
    confirm: true,
    allowed_payment_method_types: ['card'],
    description: `Prepaid credit, auto top-up ${topUpId}`,
    statement_descriptor_suffix: 'CREDITS',
    ...(receiptEmail !== null && { receipt_email: receiptEmail }),
    metadata: { topUpId, attempt: String(attempt.attempt), accountId, deployment },
    expand: ['latest_charge'],
  };
}

/** What follows from the state of an attempt's PaymentIntent. */
export async function follow(
  clients: PaymentClients,
  attempt: Pick<Attempt, 'topUpId' | 'attempt'>,
  intent: Stripe.PaymentIntent,
): Promise<TopUpStep> {
  await namePaymentIntent(clients.pool, attempt, intent.id);
  switch (intent.status) {
    case 'succeeded':
      return { kind: 'paid', paymentIntentId: intent.id };
    case 'processing':
      await markProcessing(clients.pool, attempt.topUpId, clients.clock());
      return { kind: 'later', afterMs: LOOK_SOON_MS };
    case 'requires_payment_method': {
      const words: DeclineWords = intent.last_payment_error ?? {};
      return declined(
        clients,
        attempt,
        declineClassOf(words),
        words.decline_code || words.code || 'declined',
        intent.id,
      );
    }
    case 'canceled':
      return declined(clients, attempt, 'state-wrong', 'canceled', intent.id);
    default:
      await clients.stripe.cancelPaymentIntent(intent.id).catch(() => undefined);
      return declined(clients, attempt, 'authentication', intent.status, intent.id);
  }
}

async function failed(clients: PaymentClients, attempt: Attempt, error: unknown): Promise<TopUpStep> {
  const { topUpId } = attempt;
  const failure = failureOf(error);
  switch (failure.kind) {
    case 'declined':
      if (failure.class === 'state-wrong')
        clients.alert({ topUpId, code: failure.code }, 'Stripe refused a charge');
      return declined(clients, attempt, failure.class, failure.code, failure.paymentIntentId);
    case 'busy':
      throw ApplicationFailure.retryable('Stripe is busy', 'StripeBusy');
    case 'key':
      clients.alert({ topUpId }, 'Stripe does not accept our key: nothing is sent');
      return { kind: 'later', afterMs: 5 * MINUTE_MS };
    case 'mismatch':
      clients.alert({ topUpId, attempt: attempt.attempt }, 'a charge was sent again with other parameters');
      return unknown(clients, attempt);
    case 'unknown':
      if (failure.replayed && (await countReplayedFailure(clients.pool, attempt)) >= MOST_REPLAYED_FAILURES) {
        return unknown(clients, attempt);
      }
      throw ApplicationFailure.retryable(
        'whether the charge was executed is not known',
        'StripeUnknown',
        [],
        error instanceof Error ? error : undefined,
      );
    default:
      return failure satisfies never;
  }
}

async function unknown(clients: PaymentClients, attempt: Attempt): Promise<TopUpStep> {
  await markUnknown(clients.pool, attempt.topUpId, clients.clock());
  return lookUp(clients, attempt);
}

/** Looks for an attempt's PaymentIntent; one that is absent a day after it was last sent never was there. */
async function lookUp(clients: PaymentClients, attempt: Attempt): Promise<TopUpStep> {
  const { pool, clock } = clients;
  const known = await findAttemptIntent(pool, attempt.topUpId, attempt.attempt);
  const intent = (known && (await retrieve(clients, attempt, known))) || (await find(clients, attempt));
  if (intent !== undefined) return follow(clients, attempt, intent);
  const now = clock();
  if (await endNeverSent(pool, attempt, now)) return { kind: 'over', state: 'not-completed' };
  await postponeCheck(pool, attempt.topUpId, new Date(now.getTime() + 2 * LOOK_AGAIN_MS));
  return { kind: 'later', afterMs: LOOK_AGAIN_MS };
}

/** A payment that Stripe named before and does not know any more is as if it had never been, which somebody must hear. */
async function retrieve(
  { stripe, alert }: PaymentClients,
  { topUpId }: Attempt,
  paymentIntentId: string,
): Promise<Stripe.PaymentIntent | undefined> {
  try {
    return await stripe.retrievePaymentIntent(paymentIntentId);
  } catch (error) {
    if (!isMissing(error)) throw error;
    alert({ topUpId, paymentIntentId }, 'Stripe does not know the payment of a top-up');
    return undefined;
  }
}

async function find({ stripe }: PaymentClients, attempt: Attempt): Promise<Stripe.PaymentIntent | undefined> {
  const since = new Date(attempt.firstSentAt.getTime() - 60 * MINUTE_MS);
  const intents = await stripe.listPaymentIntents(attempt.customerId, since).catch((error: unknown) => {
    if (isMissing(error)) return []; // without the Customer there is no payment of theirs
    throw error;
  });
  const made = intents.filter(
    ({ metadata }) =>
      metadata['topUpId'] === attempt.topUpId && metadata['attempt'] === String(attempt.attempt),
  );
  return made.find(takesMoney) ?? made[0];
}

function takesMoney({ status }: Stripe.PaymentIntent): boolean {
  return status === 'succeeded' || status === 'processing';
}

async function declined(
  clients: PaymentClients,
  { topUpId, attempt }: Pick<Attempt, 'topUpId' | 'attempt'>,
  declineClass: DeclineClass,
  code: string,
  paymentIntentId: string | null,
): Promise<TopUpStep> {
  const now = clients.clock();
  const again = await recordDecline(
    clients.pool,
    { topUpId, attempt, class: declineClass, code, paymentIntentId },
    now,
  );
  if (again === null) return over(clients, topUpId);
  return { kind: 'later', afterMs: Math.max(again.getTime() - now.getTime(), 1_000) };
}

async function over({ pool }: PaymentClients, topUpId: string): Promise<TopUpStep> {
  const topUp = await findTopUp(pool, topUpId);
  return { kind: 'over', state: topUp?.state === 'paid' ? 'paid' : 'not-completed' };
}
