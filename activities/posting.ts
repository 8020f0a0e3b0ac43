// The activities of an account's actor: it opens its account, posts what is pending, and starts the top-up that is due.
import { ApplicationFailure } from '@temporalio/common';
import type { Clock } from '../ledger/clock.ts';
import { type Connection, type Pool, withTransaction } from '../ledger/database.ts';
import * as ledger from '../ledger/posting.ts';
import { Refusal } from '../ledger/refusal.ts';
import { startTopUp, type TemporalClient } from '../workflows/client.ts';

/** A posting as the actor asks for it, with what it knew before. */
export interface PostingInput extends ledger.Posting {
  /** The top-up that was under way after the posting before: its workflow has been started. */
  readonly topUpInFlight: string | null;
  readonly organizationId: string | null;
}

export type OpeningInput = Pick<ledger.Posting, 'accountId' | 'requestId'>;

export interface PostingActivities {
  /** Opens an account for a new run of its actor, and posts what waits in it. Fails with `UnknownAccount`. */
  openAccount(input: OpeningInput): Promise<ledger.FirstPosting>;
  /**
   * One posting; repeating it after a lost reply posts nothing twice. A top-up that is in flight after it has a
   * workflow. Fails with `FencedOut`, `UnknownAccount`.
   */
  postPending(input: PostingInput): Promise<ledger.Posted>;
}

export interface PostingOptions {
  readonly pool: Pool;
  readonly clock: Clock;
  /** By which the workflow of a top-up is started. */
  readonly temporal: TemporalClient;
  /** Hears of every posting that committed, with the seconds it took. */
  readonly onPosted?: (input: OpeningInput, posted: ledger.Posted, seconds: number) => void;
  readonly faults?: PostingFaults;
}

/** Where tests let a posting be slow, or fail: before its transaction, before its commit, after it. */
export interface PostingFaults {
  beforeBegin?(which: PostingStep): Promise<void>;
  beforeCommit?(which: PostingStep): Promise<void>;
  afterCommit?(which: PostingStep): Promise<void>;
}

export type PostingStep = 'openAccount' | 'postPending';

/** Makes the posting activities over the clients of the process. */
export function postingActivities(options: PostingOptions): PostingActivities {
  const { pool, clock, temporal, onPosted, faults } = options;

  async function inTransaction<T extends ledger.Posted>(
    which: PostingStep,
    input: OpeningInput,
    work: (connection: Connection) => Promise<T>,
  ): Promise<T> {
    const began = performance.now();
    await faults?.beforeBegin?.(which);
    const posted = await withTransaction(pool, async (connection) => {
      const result = await work(connection);
      await faults?.beforeCommit?.(which);
      return result;
    });
    onPosted?.(input, posted, (performance.now() - began) / 1_000);
    await faults?.afterCommit?.(which);
    return posted;
  }

  /* Here and not as a child of the actor: that would take the actor two more tasks for every top-up. A failure repeats
     the activity, which then posts nothing and starts it. */
  async function startNew(
    { standing }: ledger.Posted,
    input: Omit<PostingInput, 'epoch' | 'afterSeq'>,
  ): Promise<void> {
    const topUpId = standing.topUpInFlight;
    if (topUpId !== null && topUpId !== input.topUpInFlight)
      await startTopUp(temporal, topUpId, input.accountId, input);
  }

  return {
    openAccount: (input) =>
      refusalsAsFailures(async () => {
        const opened = await inTransaction('openAccount', input, (connection) =>
          ledger.openAndPost(connection, input, clock()),
        );
        const { accountId } = input;
        await startNew(opened, { accountId, organizationId: opened.organizationId, topUpInFlight: null });
        return opened;
      }),
    postPending: (input) =>
      refusalsAsFailures(async () => {
        const posted = await inTransaction('postPending', input, (connection) =>
          ledger.postPending(connection, input, clock()),
        );
        await startNew(posted, input);
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
