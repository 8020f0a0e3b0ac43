// How processes speak to the actors and top-ups: rings with a deadline, postings on request, starts that attach.
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Client,
  WithStartWorkflowOperation,
  WorkflowExecutionAlreadyStartedError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { Standing } from '../ledger/posting.ts';
import type { account } from './account.ts';
import * as messages from './messages.ts';
import { ownership } from './search-attributes.ts';

/** A client of Temporal, and the task queue on which Coffer's workers listen. */
export interface TemporalClient {
  readonly client: Client;
  readonly taskQueue: string;
}

export interface AccountRing extends messages.Ring {
  readonly accountId: string;
}

const RING_DEADLINE_MS = 3_000;
const POST_NOW_DEADLINE_MS = 15_000;
const ASK_AGAIN_AFTER_MS = 20;

/**
 * Tells an account's actor that there is work, starting it if there is none. Throws after 3 s when Temporal does not
 * answer: then the ring stays outstanding in the balance row and the sweeper repeats it. Keep it off a request's path.
 */
export async function ringAccount(
  { client, taskQueue }: TemporalClient,
  { accountId, ...ring }: AccountRing,
): Promise<void> {
  await client.withDeadline(Date.now() + RING_DEADLINE_MS, () =>
    client.workflow.signalWithStart<typeof account, [messages.Ring]>(messages.ACCOUNT_WORKFLOW, {
      workflowId: messages.accountWorkflowId(accountId),
      taskQueue,
      args: [{ accountId }],
      signal: signalFor(ring.reason),
      signalArgs: [ring],
    }),
  );
}

function signalFor(reason: messages.RingReason) {
  if (reason === 'command-stored') return messages.commandStored;
  if (reason === 'top-up-settled') return messages.topUpSettled;
  return messages.usageRecorded;
}

/**
 * Has everything posted that waits now, and returns where the account stands after it. Asks again when the actor
 * rolls over, is cancelled or terminated meanwhile. Throws when there is no answer within `withinMs`.
 */
export async function postNow(
  { client, taskQueue }: TemporalClient,
  accountId: string,
  { withinMs = POST_NOW_DEADLINE_MS }: { readonly withinMs?: number } = {},
): Promise<Standing> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const startWorkflowOperation = new WithStartWorkflowOperation<typeof account>(messages.ACCOUNT_WORKFLOW, {
      workflowId: messages.accountWorkflowId(accountId),
      taskQueue,
      args: [{ accountId }],
      workflowIdConflictPolicy: 'USE_EXISTING',
    });
    try {
      return await client.withDeadline(deadline, () =>
        client.workflow.executeUpdateWithStart(messages.postNowUpdate, { startWorkflowOperation }),
      );
    } catch (error) {
      if (!mayAskAgain(error) || Date.now() + ASK_AGAIN_AFTER_MS >= deadline) throw error;
    }
    await sleep(ASK_AGAIN_AFTER_MS);
  }
}

function mayAskAgain(error: unknown): boolean {
  if (!(error instanceof WorkflowUpdateFailedError)) return false;
  const { cause } = error;
  if (cause instanceof CancelledFailure) return true;
  return (
    cause instanceof ApplicationFailure &&
    (cause.type === messages.ROLLING_OVER || cause.type === 'AcceptedUpdateCompletedWorkflow')
  );
}

/**
 * Starts a top-up's workflow. A repetition attaches to the one that runs; one that was terminated or failed starts
 * again; one that has completed stays completed, unless it is wanted `again`. Says whether it runs now or had
 * completed. Throws after 3 s when Temporal does not answer.
 */
export async function startTopUp(
  { client, taskQueue }: TemporalClient,
  topUpId: string,
  accountId: string,
  {
    again = false,
    organizationId = null,
  }: { readonly again?: boolean; readonly organizationId?: string | null } = {},
): Promise<'running' | 'completed'> {
  const input: messages.TopUpInput = { topUpId, accountId };
  try {
    await client.withDeadline(Date.now() + RING_DEADLINE_MS, () =>
      client.workflow.start(messages.TOP_UP_WORKFLOW, {
        workflowId: messages.topUpWorkflowId(topUpId),
        taskQueue,
        args: [input],
        workflowIdReusePolicy: again ? 'ALLOW_DUPLICATE' : 'ALLOW_DUPLICATE_FAILED_ONLY',
        workflowIdConflictPolicy: 'USE_EXISTING',
        typedSearchAttributes: ownership(accountId, organizationId),
      }),
    );
    return 'running';
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    return 'completed';
  }
}

/**
 * Starts a verify run, or attaches to the one that an operator started and that is still under way. Returns the run's
 * id. Throws after 3 s when Temporal does not answer.
 */
export async function startVerify(
  { client, taskQueue }: TemporalClient,
  input: messages.VerifyInput,
): Promise<string> {
  const handle = await client.withDeadline(Date.now() + RING_DEADLINE_MS, () =>
    client.workflow.start(messages.VERIFY_WORKFLOW, {
      workflowId: messages.verifyWorkflowId(taskQueue, 'operator'),
      taskQueue,
      args: [input],
      workflowIdConflictPolicy: 'USE_EXISTING',
    }),
  );
  return handle.firstExecutionRunId;
}
