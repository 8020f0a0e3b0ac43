// What a usage event costs: tokens times the rates of its price, rounded once.
import { formatDollars, type Nanos, nanos } from './money.ts';
import type { ModelPrice } from './prices.ts';
import { Refusal } from './refusal.ts';
import { divideHalfEven } from './rounding.ts';

/** The token counts of one request. `inputTokens` includes what was read from the cache and what was written to it. */
export interface TokenUsage {
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly cacheWriteTokens: number;
  readonly outputTokens: number;
  /** Whether the request was part of a batch, which has rates of its own. */
  readonly batched: boolean;
}

/** The most one part of one event may count: more is a mistake of whoever counted. */
export const MOST_TOKENS = 100_000_000;
/** The most one event may cost: one million dollars. */
export const MOST_EVENT_COST = nanos(1_000_000_000_000_000n);

const FEMTOS_PER_NANO = 1_000_000n;

/**
 * The cost of `usage` at `price`: (input − cached − written) at the input rate, every other part at its own, summed
 * in femto-dollars and rounded half-even once. Raises `usage-invalid` for counts that are not whole numbers from 0 to
 * 100 million, for parts that exceed their input, and for a cost beyond one million dollars.
 */
export function costOf(price: ModelPrice, usage: TokenUsage): Nanos {
  checkTokens(usage);
  const rates = usage.batched ? price.batch : price.standard;
  const plainInput = usage.inputTokens - usage.cachedInputTokens - usage.cacheWriteTokens;
  const femtos =
    BigInt(plainInput) * rates.input +
    BigInt(usage.cachedInputTokens) * rates.cachedInput +
    BigInt(usage.cacheWriteTokens) * rates.cacheWrite +
    BigInt(usage.outputTokens) * rates.output;
  const cost = divideHalfEven(femtos, FEMTOS_PER_NANO);
  if (cost > MOST_EVENT_COST) {
    throw new Refusal('usage-invalid', `One event costs at most $${formatDollars(MOST_EVENT_COST)}.`);
  }
  return nanos(cost);
}

function checkTokens(usage: TokenUsage): void {
  checkCount('inputTokens', usage.inputTokens);
  checkCount('cachedInputTokens', usage.cachedInputTokens);
  checkCount('cacheWriteTokens', usage.cacheWriteTokens);
  checkCount('outputTokens', usage.outputTokens);
  if (usage.cachedInputTokens + usage.cacheWriteTokens > usage.inputTokens) {
    throw new Refusal(
      'usage-invalid',
      'cachedInputTokens and cacheWriteTokens are parts of inputTokens and cannot exceed it.',
    );
  }
}

function checkCount(name: string, count: number): void {
  if (!Number.isSafeInteger(count) || count < 0 || count > MOST_TOKENS) {
    throw new Refusal('usage-invalid', `${name} must be a whole number from 0 to ${MOST_TOKENS}.`);
  }
}
