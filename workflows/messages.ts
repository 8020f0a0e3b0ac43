// What can be said to an account's actor and to a top-up: the names and shapes of their messages, and their ids.
import { ApplicationFailure, defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Standing } from '../ledger/posting.ts';
import type { VerifyScope } from '../ledger/verify/report.ts';

/** Why somebody rings an account's actor; operators read it in the actor's history. */
export type RingReason =
  | 'threshold-crossed'
  | 'credit-refused'
  | 'interval'
  | 'overdue'
  | 'rule-changed'
  | 'evaluation-due'
  | 'command-stored'
  | 'top-up-settled';

/** A ring says that there is work, and why. The actor never computes with what it carries. */
export interface Ring {
  readonly reason: RingReason;
  /** What was pending when the ring was made, as an integer string of nanos. */
  readonly pendingNanos?: string;
  /** The key of the ledger command that was stored. */
  readonly commandKey?: string;
  /** The request that led to the ring. */
  readonly requestId?: string;
}

/** There is usage to post, or a decision to make. Sent by intake and by the sweeper. */
export const usageRecorded = defineSignal<[Ring]>('usageRecorded');

/** A ledger command waits. Sent by whoever stored it. */
export const commandStored = defineSignal<[Ring]>('commandStored');

/** A top-up came to its end: paid, failed or closed. Sent by the top-up, through an activity. */
export const topUpSettled = defineSignal<[Ring]>('topUpSettled');

/** Posts what waits and answers with where the account stands after a posting that began after the request. */
export const postNowUpdate = defineUpdate<Standing, []>('postNow');

/** Where the account stood after the actor's last posting. */
export const standingQuery = defineQuery<Standing>('standing');

/** The failure of a `postNow` that came while the actor rolled over: ask again. */
export const ROLLING_OVER = 'RollingOver';

/** The workflow types: an account's actor, a top-up, a verify run. */
export const ACCOUNT_WORKFLOW = 'account';
export const TOP_UP_WORKFLOW = 'topUp';
export const VERIFY_WORKFLOW = 'verify';

/** What a top-up's workflow is started with; everything else is in its row. */
export interface TopUpInput {
  readonly topUpId: string;
  readonly accountId: string;
}

const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Fails a workflow that was started by hand without the id of anything, which nothing that it tried could ever find. */
export function requireId(failure: 'UnknownAccount' | 'UnknownTopUp', id: unknown): void {
  if (typeof id !== 'string' || !ID.test(id)) {
    throw ApplicationFailure.nonRetryable(`this is no id: ${JSON.stringify(id)}`, failure);
  }
}

/** The id of an account's one actor. */
export function accountWorkflowId(accountId: string): string {
  return `account/${accountId}`;
}

/** The id of a top-up's workflow. */
export function topUpWorkflowId(topUpId: string): string {
  return `top-up/${topUpId}`;
}

/** What a verify run is started with: everything, or only what came since each account was last found in order. */
export interface VerifyInput {
  readonly scope: VerifyScope;
}

/** The id of the verify runs of a deployment: by `operator`, or by the schedule of a scope, which adds the time. */
export function verifyWorkflowId(taskQueue: string, startedBy: 'operator' | VerifyScope): string {
  return `verify/${taskQueue}/${startedBy}`;
}
