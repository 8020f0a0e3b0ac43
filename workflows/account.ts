// The account actor: one execution per account, for as long as the account exists, and the only writer of its entries.
import * as wf from '@temporalio/workflow';
import type { PostingActivities } from '../activities/posting.ts';
import * as states from './account-state.ts';
import * as messages from './messages.ts';
import { requestOf, ringsAsSent } from './rings.ts';
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
  messages.requireId('UnknownAccount', input?.accountId);
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
  const ring = (requestId?: string) => {
    state = states.rung(state, requestId);
  };
  for (const signal of ringsAsSent) wf.setHandler(signal, (sent) => ring(requestOf(sent)));
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

  if (states.isOpen(state)) state = show(input, state); // details are not carried over
  for (;;) {
    await wf.condition(() => state.workWaiting || mustRoll(input));
    if (mustRoll(input)) rolling = true;
    if (rolling && clean >= wanted) return await rollOver(input, () => state);
    state = states.postingBegun(state);
    const turn = ++begun;
    const posted = await postOnce(input.accountId, state);
    state = show(input, posted(state));
    if (!state.standing.more) clean = turn;
  }
}

/** One posting, the first of a cold start opens the account; returns what it makes of the state as that is by then. */
async function postOnce(
  accountId: string,
  state: states.AccountState,
): Promise<(state: states.AccountState) => states.AccountState> {
  if (!states.isOpen(state)) {
    const account = await openAccount({ accountId, requestId: state.requestId });
    return (current) => states.opened(current, account);
  }
  const { epoch, seq, topUpInFlight } = state.standing;
  const { organizationId, requestId } = state;
  const result = await postPending({
    accountId,
    epoch,
    afterSeq: seq,
    topUpInFlight,
    organizationId,
    requestId,
  });
  return (current) => states.posted(current, result);
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

/** Shows operators where the account stands; the search attribute is written on transitions only. */
function show(input: AccountInput, state: states.AccountState): states.AccountState {
  wf.setCurrentDetails(states.details(state));
  const condition = states.condition(state);
  if (condition === state.shown) return state;
  const changed = { key: attributes.accountStateAttribute, value: condition };
  const unchanging = state.shown === null ? attributes.ownership(input.accountId, state.organizationId) : [];
  wf.upsertSearchAttributes([...unchanging, changed]);
  return states.shownAs(state, condition);
}

function isFencedOut(error: unknown): boolean {
  return (
    error instanceof wf.ActivityFailure &&
    error.cause instanceof wf.ApplicationFailure &&
    error.cause.type === 'FencedOut'
  );
}
