// The activities of a top-up's workflow: one business verb each, over the clients of the process.
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { freeAutoTopUp } from '../../ledger/payments/attempts.ts';
import { closeTopUp, findTopUp } from '../../ledger/payments/top-ups.ts';
import { charge } from './charge.ts';
import { followCheckout } from './checkout.ts';
import type { PaymentClients } from './clients.ts';
import { type Settlement, settle } from './settle.ts';
import type { TopUpStep } from './step.ts';

interface TopUpReference {
  readonly topUpId: string;
}

export interface TopUpActivities {
  /** Whether a member pays it on a page, or the sponsor's card is charged. */
  findMode(input: TopUpReference): Promise<'manual' | 'auto'>;
  /** One step of an auto top-up. Declines are returned, outcomes that are not known are thrown. */
  charge(input: TopUpReference): Promise<TopUpStep>;
  /** Looks at what became of a manual top-up. */
  followCheckout(input: TopUpReference): Promise<TopUpStep>;
  /** Credits what was paid, once. */
  settle(input: { readonly paymentIntentId: string }): Promise<Settlement>;
  /** Ends a top-up that an operator cancelled, unless it can still take money; says whether it is over. */
  markFailed(input: TopUpReference): Promise<boolean>;
}

export interface TopUpFaults {
  beforeCharge?(topUpId: string): Promise<void>;
  afterCharge?(topUpId: string): Promise<void>;
}

/** Makes the top-up activities. `faults` let tests stop a charge before it is sent, or after its reply. */
export function topUpActivities(clients: PaymentClients, faults: TopUpFaults = {}): TopUpActivities {
  const { pool, clock } = clients;
  return {
    findMode: ({ topUpId }) => withHeartbeat(async () => (await requireTopUp(clients, topUpId)).mode),
    charge: ({ topUpId }) =>
      withHeartbeat(async () => {
        await faults.beforeCharge?.(topUpId);
        const step = await charge(clients, topUpId);
        await faults.afterCharge?.(topUpId);
        return step;
      }),
    followCheckout: ({ topUpId }) => withHeartbeat(() => followCheckout(clients, topUpId)),
    settle: ({ paymentIntentId }) => withHeartbeat(() => settle(clients, paymentIntentId)),
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
