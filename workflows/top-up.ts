// One top-up, from its row to credit or to its end: charges the sponsor's card, or follows a member's hosted page.
import * as wf from '@temporalio/workflow';
import type { TopUpActivities } from '../activities/payments/activities.ts';
import type { SettledStep } from '../activities/payments/step.ts';
import type { RingActivities } from '../activities/ring.ts';
import { requireId, type TopUpInput } from './messages.ts';
import * as lives from './top-up-state.ts';

const forEver = { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '10s' } as const;

/* A killed worker costs the heartbeat, not the whole of what an activity may take. */
const heartbeatTimeout = '6s';

/* One call that charges and one that fetches what was paid, each of up to a minute; an attempt is resent for less than
   the 24 hours that Stripe keeps its key. */
const { advance } = wf.proxyActivities<TopUpActivities>({
  startToCloseTimeout: '150s',
  heartbeatTimeout,
  scheduleToCloseTimeout: '23h',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '5m' },
});
const { markFailed } = wf.proxyActivities<TopUpActivities>({
  startToCloseTimeout: '45s',
  heartbeatTimeout,
  retry: forEver,
});
const { ringAccount } = wf.proxyActivities<RingActivities>({ startToCloseTimeout: '6s', retry: forEver });

const TRY_AGAIN: SettledStep = { kind: 'later', afterMs: 1_000 };

/**
 * Ends when the top-up is paid or not completed. Cancelling it ends a top-up that can no longer take money; one that
 * can is left to the next start. Fails with `UnknownTopUp` where there is no such top-up.
 */
export async function topUp(input: TopUpInput): Promise<'paid' | 'not-completed'> {
  requireId('UnknownTopUp', input?.topUpId);
  let life = lives.begun();
  for (;;) {
    const step = await wf.CancellationScope.nonCancellable(() => advanceAndRing(input));
    if (step.kind === 'over') return step.state;
    life = lives.looked(life);
    if (lives.mustRoll(life)) return await wf.continueAsNew<typeof topUp>(input);
    await sleepUnlessCancelled(input, step.afterMs);
  }
}

/** One step with everything that follows from it. Whoever credits a payment rings for it; other ends ring here. */
async function advanceAndRing({ topUpId, accountId }: TopUpInput): Promise<SettledStep> {
  const step = await advance({ topUpId }).catch(againAfterTimeout);
  if (step.kind === 'over' && step.state === 'not-completed')
    await ringAccount({ accountId, reason: 'top-up-settled' });
  return step;
}

/** After 23 hours of resending the attempt is looked up instead: the activity knows when it was first sent. */
function againAfterTimeout(error: unknown): SettledStep {
  if (error instanceof wf.ActivityFailure && !isUnknownTopUp(error)) return TRY_AGAIN;
  throw error;
}

function isUnknownTopUp({ cause }: wf.ActivityFailure): boolean {
  return cause instanceof wf.ApplicationFailure && cause.type === 'UnknownTopUp';
}

async function sleepUnlessCancelled({ topUpId, accountId }: TopUpInput, ms: number): Promise<void> {
  try {
    await wf.sleep(ms);
  } catch (error) {
    await wf.CancellationScope.nonCancellable(async () => {
      if (await markFailed({ topUpId })) await ringAccount({ accountId, reason: 'top-up-settled' });
    });
    throw error;
  }
}
