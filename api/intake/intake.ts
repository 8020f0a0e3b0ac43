// Usage intake: parses, resolves, prices and records the events of a request, and says what became of each.
import type { Clock } from '../../ledger/clock.ts';
import type { Pool } from '../../ledger/database.ts';
import { isRejection, type ParsedEvent, parseEvent, type Rejection } from '../../ledger/intake/event.ts';
import { KeyDirectory, keyName } from '../../ledger/intake/key-directory.ts';
import { PriceBook } from '../../ledger/intake/price-book.ts';
import { type PricedEvent, priceEvent, type UnpricedEvent } from '../../ledger/intake/priced-event.ts';
import type { FlushOutcome } from '../../ledger/intake/record-usage.ts';
import { keepRejectedUsage, type RejectedUsage } from '../../ledger/intake/rejected-usage.ts';
import { storeUnpricedUsage } from '../../ledger/intake/unpriced-usage.ts';
import { refusalCodes } from '../../ledger/refusal.ts';
import type { RequestedCrossing } from '../doorbell.ts';
import { Problem } from '../problem.ts';
import { accepted, conflicting, rejected, type UsageResult } from './outcome.ts';
import { FlushQueue } from './queue.ts';

export interface IntakeOptions {
  readonly pool: Pool;
  /** The flush's own connections, with a `lock_timeout`. */
  readonly flushPool: Pool;
  readonly clock: Clock;
  /** Rings the account's actor, off the request's path; must not throw. */
  readonly onCrossing: (crossing: RequestedCrossing) => void;
  /** Hears of usage without a price: an alert. */
  readonly onUnpriced: (model: string, accountId: string) => void;
  readonly onResult?: (status: UsageResult['status'], events: number) => void;
  readonly onFlush?: (events: number, seconds: number) => void;
}

const PRICES_FRESH_MS = 5_000;

/** An event that could not even be read (a broken NDJSON line) keeps its place in the answer. */
export class UnreadableEvent {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

export class Intake {
  readonly keys: KeyDirectory;
  readonly prices: PriceBook;
  readonly #options: IntakeOptions;
  readonly #queue: FlushQueue;
  #pricesReadAtMs = Number.NEGATIVE_INFINITY;
  #reload: Promise<void> | undefined;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.keys = new KeyDirectory(options.pool);
    this.prices = new PriceBook(options.pool);
    this.#queue = new FlushQueue({ ...options, pool: options.flushPool });
  }

  /** How many events wait for their commit. */
  get depth(): number {
    return this.#queue.depth;
  }

  /** Some price has changed: reads the book again before the next event is priced. */
  forgetPrices(): void {
    this.#pricesReadAtMs = Number.NEGATIVE_INFINITY;
  }

  /**
   * Records the events of one request and answers after the commit, one result an event, in order. Raises
   * `overloaded` or `database-unavailable`; what had been stored by then stays, and sent again is a duplicate.
   */
  async record(
    inputs: readonly unknown[],
    mayExplicitCost: boolean,
    requestId?: string,
  ): Promise<UsageResult[]> {
    const now = this.#options.clock();
    await this.#freshPrices();
    const parsed = inputs.map((input) =>
      input instanceof UnreadableEvent ? malformed(input) : parseEvent(input, now, mayExplicitCost),
    );
    const keys = await this.keys.find(namesOf(parsed));
    const resolved = parsed.map((event) =>
      isRejection(event)
        ? event
        : priceEvent(event, keys.get(keyName(event.apiKeyId, event.apiKey)), this.prices),
    );
    const outcomes = await this.#queue.submit(resolved.filter(isPriced), requestId);
    const waiting = resolved.filter(isUnpriced);
    const stored = waiting.length === 0 ? [] : await storeUnpricedUsage(this.#options.pool, waiting, now);
    const results: UsageResult[] = [];
    const kept: RejectedUsage[] = [];
    let next = 0;
    let nextStored = 0;
    for (const [index, event] of resolved.entries()) {
      const result = isPriced(event)
        ? resultOf(event, outcomes[next++])
        : isRejection(event)
          ? rejected(idOf(inputs[index]), event.code, event.detail)
          : this.#keptUnpriced(event, stored[nextStored++]);
      results.push(result);
      this.#options.onResult?.(result.status, 1);
      if (result.problem !== undefined && result.problem.code !== 'usage-unpriced') {
        kept.push({
          accountId: isRejection(event) ? null : event.key.accountId,
          eventId: result.id,
          code: result.problem.code,
          detail: result.problem.detail ?? result.problem.title,
          event: inputs[index],
        });
      }
    }
    if (kept.length > 0) await keepRejectedUsage(this.#options.pool, kept, now);
    return results;
  }

  /** Waits for what was taken in to be decided: part of an orderly end. */
  drain(): Promise<void> {
    return this.#queue.drain();
  }

  #keptUnpriced(
    event: UnpricedEvent,
    outcome: 'recorded' | 'duplicate' | 'conflict' | undefined,
  ): UsageResult {
    if (outcome === undefined) throw new Error('the database lost an outcome');
    if (outcome === 'conflict') return conflicting(event.id);
    if (outcome === 'recorded') this.#options.onUnpriced(event.model, event.key.accountId);
    return accepted(event.id, outcome, undefined);
  }

  async #freshPrices(): Promise<void> {
    if (performance.now() - this.#pricesReadAtMs < PRICES_FRESH_MS) return;
    const startedMs = performance.now();
    this.#reload ??= this.prices
      .reload()
      .then(() => {
        this.#pricesReadAtMs = startedMs;
      })
      .finally(() => {
        this.#reload = undefined;
      });
    await this.#reload;
  }
}

function namesOf(events: readonly (ParsedEvent | Rejection)[]): Set<string> {
  const names = new Set<string>();
  for (const event of events) if (!isRejection(event)) names.add(keyName(event.apiKeyId, event.apiKey));
  return names;
}

function resultOf(event: PricedEvent, outcome: FlushOutcome | Problem | undefined): UsageResult {
  if (outcome === undefined) throw new Error('the queue lost an outcome');
  if (outcome instanceof Problem) {
    const code = refusalCodes.find((known) => known === outcome.code);
    if (code === undefined) throw outcome;
    return rejected(event.id, code, outcome.message);
  }
  return outcome.status === 'conflict' || outcome.status === 'locked'
    ? conflicting(event.id)
    : accepted(event.id, outcome.status, outcome.cost);
}

function isPriced(event: PricedEvent | UnpricedEvent | Rejection): event is PricedEvent {
  return 'cost' in event && event.cost !== undefined;
}

function malformed(input: UnreadableEvent): Rejection {
  return { code: 'usage-invalid', detail: input.reason };
}

function isUnpriced(event: PricedEvent | UnpricedEvent | Rejection): event is UnpricedEvent {
  return 'cost' in event && event.cost === undefined;
}

function idOf(input: unknown): string | null {
  const id = typeof input === 'object' && input !== null && 'id' in input ? input.id : null;
  return typeof id === 'string' ? id.slice(0, 255).toWellFormed() : null;
}
