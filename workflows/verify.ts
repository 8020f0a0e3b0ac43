// One verify run: checks that everything holds which must always hold, by schedule or because an operator asked.
import * as wf from '@temporalio/workflow';
import type { VerifyActivities, VerifyOutcome } from '../activities/verify.ts';
import type { VerifyInput } from './messages.ts';

/* A run takes as long as there are books to read; a killed worker costs the heartbeat, and another goes on where it was. */
const { runVerify } = wf.proxyActivities<VerifyActivities>({
  startToCloseTimeout: '12h',
  heartbeatTimeout: '30s',
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '5m', maximumAttempts: 20 },
});

/** Completes with what was found, also when something does not hold; fails when the books could not be read. */
export async function verify({ scope }: VerifyInput): Promise<VerifyOutcome> {
  wf.setCurrentDetails(`checking ${scope === 'full' ? 'everything' : 'what came since the last check'}`);
  const outcome = await runVerify({ runId: wf.workflowInfo().firstExecutionRunId, scope });
  wf.setCurrentDetails(detailsOf(outcome));
  return outcome;
}

function detailsOf({ clean, accounts, entries, usageEvents, offenders }: VerifyOutcome): string {
  const seen = `${accounts} accounts, ${entries} entries, ${usageEvents} usage events`;
  return clean
    ? `everything holds: ${seen}`
    : [`**not everything holds**: ${seen}`, ...offenders.map((line) => `- ${line}`)].join('\n');
}
