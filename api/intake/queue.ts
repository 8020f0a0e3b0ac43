// Group commit: all events that arrive while one flush is under way go into the next one.
import type { Clock } from '../../ledger/clock.ts';
import { hasCode, type Pool } from '../../ledger/database.ts';
import { dayNumber } from '../../ledger/intake/day.ts';
import { isAboutData, isDayMissing, messageOf } from '../../ledger/intake/failures.ts';
import type { PricedEvent } from '../../ledger/intake/priced-event.ts';
import { ensureUsageDays, type FlushOutcome, recordUsage } from '../../ledger/intake/record-usage.ts';
import type { RequestedCrossing } from '../doorbell.ts';
import { isDatabaseAway, Problem, problemFrom } from '../problem.ts';

const MOST_PER_FLUSH = 1_000;
const MOST_WAITING = 20_000;
const LOCKED_ATTEMPTS = 40;
const DAYS_AGAIN_MS = 5_000;

/** One event and whoever waits for its outcome. */
interface Waiting {
  readonly event: PricedEvent;
  readonly requestId: string | undefined;
  readonly settle: (outcome: FlushOutcome | Problem) => void;
  lockedTimes: number;
  outcome: FlushOutcome | Problem | undefined;
}

export interface FlushQueueOptions {
  /** Its sessions have a `lock_timeout`: a flush that runs into it sets the locked accounts aside. */
  readonly pool: Pool;
  readonly clock: Clock;
  /** Hears of accounts to ring, after the commit and off the request's path. */
  readonly onCrossing: (crossing: RequestedCrossing) => void;
  readonly onFlush?: (events: number, seconds: number) => void;
}

export class FlushQueue {
  readonly #options: FlushQueueOptions;
  readonly #perAccount = new Map<string, number>();
  #waiting: Waiting[] = [];
  #flushing: Promise<void> | undefined;
  #firstDay = Number.POSITIVE_INFINITY;
  #lastDay = Number.NEGATIVE_INFINITY;
  #daysAgainAtMs = 0;
  #pendingCount = 0;

  constructor(options: FlushQueueOptions) {
    this.#options = options;
  }

  /** How many events wait or are being recorded. */
  get depth(): number {
    return this.#pendingCount;
  }

  /**
   * Takes events in and gives their outcomes after the commit, in order; an event that the database refused comes back
   * as a `Problem`. Raises `overloaded` before taking anything when the queue, or an account's half of it, is full;
   * rejects with `database-unavailable` when nothing could be stored.
   */
  submit(events: readonly PricedEvent[], requestId?: string): Promise<(FlushOutcome | Problem)[]> {
    this.#admit(events);
    const { promise, resolve } = Promise.withResolvers<(FlushOutcome | Problem)[]>();
    const outcomes: (FlushOutcome | Problem)[] = new Array(events.length);
    let left = events.length;
    if (left === 0) resolve([]);
    events.forEach((event, index) => {
      const settle = (outcome: FlushOutcome | Problem) => {
        outcomes[index] = outcome;
        this.#leave(event.key.accountId);
        left -= 1;
        if (left === 0) resolve(outcomes);
      };
      this.#waiting.push({ event, requestId, settle, lockedTimes: 0, outcome: undefined });
    });
    this.#start();
    return promise;
  }

  /** Waits until everything taken in is decided. */
  async drain(): Promise<void> {
    while (this.#flushing !== undefined) await this.#flushing;
  }

  #admit(events: readonly PricedEvent[]): void {
    const counts = new Map<string, number>();
    for (const { key } of events) counts.set(key.accountId, (counts.get(key.accountId) ?? 0) + 1);
    const full = this.#pendingCount + events.length > MOST_WAITING;
    const crowded = [...counts].some(
      ([id, count]) => (this.#perAccount.get(id) ?? 0) + count > MOST_WAITING / 2,
    );
    if (full || crowded) {
      throw new Problem('overloaded', 'Nothing of this request was stored. Send it again in a second.', {
        retryAfterSeconds: 1,
      });
    }
    for (const [id, count] of counts) this.#perAccount.set(id, (this.#perAccount.get(id) ?? 0) + count);
    this.#pendingCount += events.length;
  }

  #leave(accountId: string): void {
    this.#pendingCount -= 1;
    const left = (this.#perAccount.get(accountId) ?? 1) - 1;
    if (left > 0) this.#perAccount.set(accountId, left);
    else this.#perAccount.delete(accountId);
  }

  #start(): void {
    if (this.#flushing !== undefined || this.#waiting.length === 0) return;
    this.#flushing = this.#run().finally(() => {
      this.#flushing = undefined;
      this.#start();
    });
  }

  async #run(): Promise<void> {
    // lets the requests that are already being read join this flush
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) await this.#flushNext();
  }

  /** Takes the next group: an id that stands twice is followed up later, behind the first of its kind. */
  async #flushNext(): Promise<void> {
    const taken = this.#waiting.splice(0, MOST_PER_FLUSH);
    const group = new Map<string, Waiting>();
    const followers: Waiting[] = [];
    for (const waiting of taken) {
      const name = `${waiting.event.key.accountId} ${waiting.event.id}`;
      if (group.has(name)) followers.push(waiting);
      else group.set(name, waiting);
    }
    await this.#flush([...group.values()]);
    followers.forEach((follower) => {
      const first = group.get(`${follower.event.key.accountId} ${follower.event.id}`);
      if (first !== undefined && sameContent(first.event, follower.event)) this.#follow(first, follower);
      else this.#waiting.push(follower);
    });
  }

  /** A twin of an event just decided: it is its duplicate, unless that one has to be tried again itself. */
  #follow(first: Waiting, follower: Waiting): void {
    const { outcome } = first;
    if (outcome === undefined) this.#waiting.push(follower);
    else
      follower.settle(
        'status' in outcome && outcome.status === 'recorded' ? { ...outcome, status: 'duplicate' } : outcome,
      );
  }

  #decide(waiting: Waiting, outcome: FlushOutcome | Problem): void {
    waiting.outcome = outcome;
    waiting.settle(outcome);
  }

  async #flush(group: readonly Waiting[]): Promise<void> {
    const startedMs = performance.now();
    try {
      const events = group.map(({ event }) => event);
      const skipLocked = group.some(({ lockedTimes }) => lockedTimes > 0);
      const { outcomes, crossings } = await this.#record(events, skipLocked);
      group.forEach((waiting, index) => {
        const outcome = outcomes[index];
        if (outcome === undefined) throw new Error('a flush lost an outcome');
        if (outcome.status === 'locked') this.#setAside(waiting);
        else this.#decide(waiting, outcome);
      });
      for (const crossing of crossings) {
        const last = group.findLast(({ event }) => event.key.accountId === crossing.accountId);
        this.#options.onCrossing({ ...crossing, requestId: last?.requestId });
      }
      this.#options.onFlush?.(events.length, (performance.now() - startedMs) / 1000);
    } catch (error) {
      await this.#isolate(group, error);
    }
  }

  /** Tries briefly to get every lock, unless one was missed before; then sets the accounts aside that somebody else holds. */
  async #record(events: readonly PricedEvent[], skipLocked: boolean) {
    const now = this.#options.clock();
    await this.#ensureDays(events, now);
    if (skipLocked) return await recordUsage(this.#options.pool, events, { now, skipLocked });
    try {
      return await recordUsage(this.#options.pool, events, { now });
    } catch (error) {
      if (!hasCode(error, '55P03')) throw error;
      return await recordUsage(this.#options.pool, events, { now, skipLocked: true });
    }
  }

  /**
   * Makes the days that these events need, and the next ones ahead of time. A new day needs the whole table for itself:
   * while somebody reads it, only events whose day is missing wait, and the days ahead are tried again in a while.
   */
  async #ensureDays(events: readonly PricedEvent[], now: Date): Promise<void> {
    let neededFirst = Number.POSITIVE_INFINITY;
    let neededLast = Number.NEGATIVE_INFINITY;
    for (const { occurredAt } of events) {
      const day = dayNumber(occurredAt);
      if (day - 1 < neededFirst) neededFirst = day - 1;
      if (day + 1 > neededLast) neededLast = day + 1;
    }
    const isThere = neededFirst >= this.#firstDay && neededLast <= this.#lastDay;
    const today = dayNumber(now);
    const first = Math.min(this.#firstDay, today - 1, neededFirst);
    const last = Math.max(this.#lastDay, today + 2, neededLast);
    if (first === this.#firstDay && last === this.#lastDay) return;
    if (isThere && performance.now() < this.#daysAgainAtMs) return;
    try {
      await ensureUsageDays(this.#options.pool, first, last);
      this.#firstDay = first;
      this.#lastDay = last;
    } catch (error) {
      if (!hasCode(error, '55P03')) throw error;
      this.#daysAgainAtMs = performance.now() + DAYS_AGAIN_MS;
      if (!isThere) {
        throw new Problem('overloaded', 'A new day is being made room for. Send this again in a second.', {
          retryAfterSeconds: 1,
          cause: error,
        });
      }
    }
  }

  #setAside(waiting: Waiting): void {
    waiting.lockedTimes += 1;
    if (waiting.lockedTimes < LOCKED_ATTEMPTS) this.#waiting.push(waiting);
    else
      this.#decide(
        waiting,
        new Problem('overloaded', 'The account is locked. Send this again in a moment.', {
          retryAfterSeconds: 1,
        }),
      );
  }

  /** A flush that fails on its data is halved until the bad event stands alone; one without a database fails whole. */
  async #isolate(group: readonly Waiting[], error: unknown): Promise<void> {
    const [only] = group;
    if (isDayMissing(error)) {
      this.#firstDay = Number.POSITIVE_INFINITY;
      this.#lastDay = Number.NEGATIVE_INFINITY;
      for (const waiting of group) this.#setAside(waiting);
    } else if (isDatabaseAway(error) || !isAboutData(error)) {
      const problem = problemFrom(error);
      for (const waiting of group) this.#decide(waiting, problem);
    } else if (group.length === 1 && only !== undefined) {
      this.#decide(
        only,
        new Problem('usage-invalid', `The database refused the event: ${messageOf(error)}`, { cause: error }),
      );
    } else {
      const middle = group.length >> 1;
      await this.#flush(group.slice(0, middle));
      await this.#flush(group.slice(middle));
    }
  }
}

function sameContent(one: PricedEvent, other: PricedEvent): boolean {
  return contentOf(one) === contentOf(other);
}

function contentOf(event: PricedEvent): string {
  return JSON.stringify([
    event.key.id,
    event.model,
    event.batched,
    event.inputTokens,
    event.cachedInputTokens,
    event.cacheWriteTokens,
    event.outputTokens,
    event.occurredAt.getTime(),
    event.holdId,
    event.batchId,
    event.metadata,
    event.explicitCost?.toString(),
  ]);
}
