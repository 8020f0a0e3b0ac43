// The activities of an account's actor: it opens its account, and posts what is pending.
import { ApplicationFailure } from '@temporalio/common';
import type { Clock } from '../ledger/clock.ts';
import { type Pool, withTransaction } from '../ledger/database.ts';
import * as ledger from '../ledger/posting.ts';
import { Refusal } from '../ledger/refusal.ts';

export interface PostingActivities {
  /** Opens an account for a new run of its actor. Fails with `UnknownAccount`. */
  openAccount(input: { readonly accountId: string }): Promise<ledger.OpenedAccount>;
  /** One posting; repeating it after a lost reply posts nothing twice. Fails with `FencedOut`, `UnknownAccount`. */
  postPending(input: ledger.Posting): Promise<ledger.Posted>;
}

export interface PostingOptions {
  readonly pool: Pool;
  readonly clock: Clock;
  /** Hears of every posting that committed, with the seconds it took. */
  readonly onPosted?: (input: ledger.Posting, posted: ledger.Posted, seconds: number) => void;
  readonly faults?: PostingFaults;
}

/** Where tests let a posting be slow, or fail: before its transaction, before its commit, after it. */
export interface PostingFaults {
  beforeBegin?(input: ledger.Posting): Promise<void>;
  beforeCommit?(input: ledger.Posting): Promise<void>;
  afterCommit?(input: ledger.Posting): Promise<void>;
}

/** Makes the posting activities over a pool and a clock. */
export function postingActivities({ pool, clock, onPosted, faults }: PostingOptions): PostingActivities {
  return {
    openAccount: ({ accountId }) =>
      refusalsAsFailures(() =>
        withTransaction(pool, (connection) => ledger.openAccount(connection, accountId)),
      ),

    postPending: (input) =>
      refusalsAsFailures(async () => {
        const began = performance.now();
        await faults?.beforeBegin?.(input);
        const posted = await withTransaction(pool, async (connection) => {
          const result = await ledger.postPending(connection, input, clock());
          await faults?.beforeCommit?.(input);
          return result;
        });
        onPosted?.(input, posted, (performance.now() - began) / 1_000);
        await faults?.afterCommit?.(input);
        return posted;
      }),
  };
}

/** A refusal that no repetition changes ends the activity; its code travels in the details. */
async function refusalsAsFailures<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const type = error instanceof Refusal ? failureTypes.get(error.code) : undefined;
    if (!(error instanceof Refusal) || type === undefined) throw error;
    throw ApplicationFailure.create({
      message: error.message,
      type,
      nonRetryable: true,
      details: [{ code: error.code }],
      cause: error,
    });
  }
}

const failureTypes: ReadonlyMap<string, string> = new Map([
  ['fenced-out', 'FencedOut'],
  ['account-not-found', 'UnknownAccount'],
]);
