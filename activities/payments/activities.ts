// The activities of a top-up's workflow: one business verb each, over the clients of the process.
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { freeAutoTopUp } from '../../ledger/payments/attempts.ts';
import { closeTopUp, findTopUp, type TopUp } from '../../ledger/payments/top-ups.ts';
import { charge } from './charge.ts';
import { followCheckout } from './checkout.ts';
import type { PaymentClients } from './clients.ts';
import { settle } from './settle.ts';
import type { SettledStep } from './step.ts';

interface TopUpReference {
  readonly topUpId: string;
}

export interface TopUpActivities {
  /**
   * One step of a top-up: charges the sponsor's card, or looks at the page on which a member pays; what was paid is
   * credited, and the account's actor rung. Declines are returned, outcomes that are not known are thrown.
   */
  advance(input: TopUpReference): Promise<SettledStep>;
  /** Ends a top-up that an operator cancelled, unless it can still take money; says whether it is over. */
  markFailed(input: TopUpReference): Promise<boolean>;
}

export interface TopUpFaults {
  beforeCharge?(topUpId: string): Promise<void>;
  afterCharge?(topUpId: string): Promise<void>;
}

export interface TopUpOptions {
  /** Hears of every top-up that has come to its end. */
  readonly onOver?: (mode: TopUp['mode'], state: 'paid' | 'not-completed') => void;
  readonly faults?: TopUpFaults;
}

/** Makes the top-up activities. `faults` let tests stop a charge before it is sent, or between its reply and the credit. */
export function topUpActivities(
  clients: PaymentClients,
  { onOver, faults = {} }: TopUpOptions = {},
): TopUpActivities {
  const { pool, clock } = clients;
  async function chargeCard(topUpId: string) {
    await faults.beforeCharge?.(topUpId);
    const step = await charge(clients, topUpId);
    await faults.afterCharge?.(topUpId);
    return step;
  }
  return {
    advance: ({ topUpId }) =>
      withHeartbeat(async () => {
        const { mode } = await requireTopUp(clients, topUpId);
        const step = await (mode === 'manual' ? followCheckout(clients, topUpId) : chargeCard(topUpId));
        const settled = step.kind === 'paid' ? await credit(clients, step.paymentIntentId) : step;
        if (settled.kind === 'over') onOver?.(mode, settled.state);
        return settled;
      }),
    markFailed: ({ topUpId }) =>
      withHeartbeat(async () => {
        const { mode, state } = await requireTopUp(clients, topUpId);
        if (state === 'paid' || state === 'not-completed') return true;
        if (mode === 'auto') return freeAutoTopUp(pool, topUpId, 'cancelled', clock());
        // its page may still be paid: then the payment settles it from this state too
        await closeTopUp(pool, topUpId, 'cancelled', clock());
        return true;
      }),
  };
}

const TRY_AGAIN_MS = 1_000;

/** In the charge's own activity: a crash in between is a repetition, whose charge is answered as before. */
async function credit(clients: PaymentClients, paymentIntentId: string): Promise<SettledStep> {
  const settled = await settle(clients, paymentIntentId);
  switch (settled.kind) {
    case 'credited':
    case 'again':
      return { kind: 'over', state: 'paid' };
    case 'not-paid':
      return { kind: 'later', afterMs: TRY_AGAIN_MS };
    case 'quarantined':
    case 'ignored':
      return { kind: 'over', state: 'not-completed' };
    default:
      return settled satisfies never;
  }
}

const HEARTBEAT_MS = 2_000;

/** Tells Temporal every two seconds that the worker lives, so that one that was killed costs six. */
async function withHeartbeat<T>(work: () => Promise<T>): Promise<T> {
  const context = Context.current();
  const timer = setInterval(() => context.heartbeat(), HEARTBEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

async function requireTopUp({ pool }: PaymentClients, topUpId: string) {
  const topUp = await findTopUp(pool, topUpId);
  if (topUp === undefined) {
    throw ApplicationFailure.nonRetryable(`there is no top-up ${topUpId}`, 'UnknownTopUp');
  }
  return topUp;
}
