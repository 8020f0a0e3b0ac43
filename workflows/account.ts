// The account actor: one execution per account, for as long as the account exists, and the only writer of its entries.
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import * as wf from '@temporalio/workflow';
import type { PostingActivities } from '../activities/posting.ts';
import * as states from './account-state.ts';
import * as messages from './messages.ts';
import * as attributes from './search-attributes.ts';

export interface AccountInput {
  readonly accountId: string;
  /** What the run before knew. Without it the actor opens the account anew, which fences out every run before. */
  readonly carried?: states.AccountState;
  /** Rolls over at this many events of history; for tests. */
  readonly rollAtEvents?: number;
}

const ROLL_AT_EVENTS = 2_000;

const { openAccount, postPending } = wf.proxyActivities<PostingActivities>({
  startToCloseTimeout: '10s',
  retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '10s' },
});

/**
 * Never completes and never fails on its own account: an actor that was cancelled or fenced out opens its account
 * again, so that no ring is swallowed. Fails with `UnknownAccount` where there is no such account.
 */
export async function account(input: AccountInput): Promise<void> {
  try {
    await actor(input);
  } catch (error) {
    if (!wf.isCancellation(error) && !isFencedOut(error)) throw error;
    const { carried: _known, ...cold } = input;
    await wf.continueAsNew<typeof account>(cold);
  }
}

async function actor(input: AccountInput): Promise<void> {
  let state = input.carried ?? states.opening();
  let begun = 0; // postings of this run: begun, begun when the last clean one did, wanted by a `postNow`
  let clean = 0;
  let wanted = 0;
  let rolling = false;
  const ring = () => {
    state = states.rung(state);
  };
  wf.setHandler(messages.usageRecorded, ring);
  wf.setHandler(messages.commandStored, ring);
  wf.setHandler(messages.topUpSettled, ring);
  wf.setHandler(messages.standingQuery, () => state.standing);
  wf.setHandler(
    messages.postNowUpdate,
    async () => {
      ring();
      wanted = begun + 1;
      const target = wanted;
      await wf.condition(() => clean >= target);
      return state.standing;
    },
    { validator: () => refuseWhen(rolling) },
  );

  if (input.carried === undefined)
    state = states.opened(state, await openAccount({ accountId: input.accountId }));
  state = show(input, state);
  for (;;) {
    await wf.condition(() => state.workWaiting || mustRoll(input));
    if (mustRoll(input)) rolling = true;
    if (rolling && clean >= wanted) return await rollOver(input, () => state);
    state = states.postingBegun(state);
    const turn = ++begun;
    const { epoch, seq } = state.standing;
    const result = await postPending({ accountId: input.accountId, epoch, afterSeq: seq });
    state = show(input, states.posted(state, result));
    if (!result.standing.more) clean = turn;
    const topUpId = states.topUpToStart(state);
    if (topUpId !== null) {
      state = states.topUpBegun(state, topUpId);
      await startTopUp(input.accountId, state.organizationId, topUpId);
    }
  }
}

function refuseWhen(rolling: boolean): void {
  if (rolling)
    throw wf.ApplicationFailure.nonRetryable('the actor rolls over, ask again', messages.ROLLING_OVER);
}

function mustRoll(input: AccountInput): boolean {
  const info = wf.workflowInfo();
  return (
    info.continueAsNewSuggested ||
    info.historyLength >= (input.rollAtEvents ?? ROLL_AT_EVENTS) ||
    info.targetWorkerDeploymentVersionChanged
  );
}

/** Continues as new once every accepted update has answered; rings that arrive meanwhile are carried over. */
async function rollOver(input: AccountInput, state: () => states.AccountState): Promise<never> {
  await wf.condition(wf.allHandlersFinished);
  const next = wf.makeContinueAsNewFunc<typeof account>(
    wf.workflowInfo().targetWorkerDeploymentVersionChanged
      ? { initialVersioningBehavior: 'AUTO_UPGRADE' }
      : {},
  );
  return await next({ ...input, carried: state() });
}

/** Starts the top-up as a workflow of its own life: it outlives rolls, cancellation and the end of the actor. */
async function startTopUp(accountId: string, organizationId: string | null, topUpId: string): Promise<void> {
  try {
    await wf.startChild(messages.TOP_UP_WORKFLOW, {
      workflowId: messages.topUpWorkflowId(topUpId),
      args: [{ topUpId, accountId } satisfies messages.TopUpInput],
      parentClosePolicy: 'ABANDON',
      cancellationType: 'ABANDON',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
      typedSearchAttributes: ownership(accountId, organizationId),
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

/** Shows operators where the account stands; the search attribute is written on transitions only. */
function show(input: AccountInput, state: states.AccountState): states.AccountState {
  wf.setCurrentDetails(states.details(state));
  const condition = states.condition(state);
  if (condition === state.shown) return state;
  const changed = { key: attributes.accountStateAttribute, value: condition };
  const unchanging = state.shown === null ? ownership(input.accountId, state.organizationId) : [];
  wf.upsertSearchAttributes([...unchanging, changed]);
  return states.shownAs(state, condition);
}

function ownership(accountId: string, organizationId: string | null) {
  const pairs = [{ key: attributes.accountIdAttribute, value: accountId }];
  if (organizationId !== null) pairs.push({ key: attributes.organizationIdAttribute, value: organizationId });
  return pairs;
}

function isFencedOut(error: unknown): boolean {
  return (
    error instanceof wf.ActivityFailure &&
    error.cause instanceof wf.ApplicationFailure &&
    error.cause.type === 'FencedOut'
  );
}
