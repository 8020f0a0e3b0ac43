// The cost of an event: exact, rounded once, and never of parts that exceed their whole.
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { costOf, MOST_TOKENS, type TokenUsage } from '../ledger/cost.ts';
import type { ModelPrice, Rates } from '../ledger/prices.ts';
import { divideHalfEven } from '../ledger/rounding.ts';

const standard: Rates = {
  input: 150_000_000n,
  cachedInput: 75_000_000n,
  cacheWrite: 187_500_001n,
  output: 600_000_000n,
};
const batch: Rates = {
  input: 75_000_000n,
  cachedInput: 75_000_000n,
  cacheWrite: 150_000_000n,
  output: 300_000_000n,
};
const price: ModelPrice = { standard, batch };

function usage(input: number, cached: number, written: number, output: number, batched = false): TokenUsage {
  return {
    inputTokens: input,
    cachedInputTokens: cached,
    cacheWriteTokens: written,
    outputTokens: output,
    batched,
  };
}

test.each([
  // input cached written output batched → nanos
  [4808, 0, 0, 10, false, 727_200n],
  [4808, 0, 0, 10, true, 363_600n],
  [1000, 1000, 0, 0, false, 75_000n],
  [1000, 400, 600, 0, false, 142_500n],
  [1000, 400, 100, 7, true, 84_600n],
  [0, 0, 0, 0, false, 0n],
])('%i in, %i cached, %i written, %i out, batched %p costs %s nanos', (i, c, w, o, batched, cost) => {
  expect(costOf(price, usage(i, c, w, o, batched))).toBe(cost);
});

test('a cost is rounded half to even, once for the whole event', () => {
  const half: Rates = { input: 500_000n, cachedInput: 500_000n, cacheWrite: 250_000n, output: 250_000n };
  const halves: ModelPrice = { standard: half, batch: half };
  expect(costOf(halves, usage(1, 0, 0, 0))).toBe(0n);
  expect(costOf(halves, usage(3, 0, 0, 0))).toBe(2n);
  // half a nano and two quarters are one nano; each rounded alone they would be none
  expect(costOf(halves, usage(2, 0, 1, 1))).toBe(1n);
});

test.each([
  ['cached tokens beyond the input', usage(10, 11, 0, 0)],
  ['cached and written tokens beyond the input', usage(10, 6, 5, 0)],
  ['a negative count', usage(10, -1, 0, 0)],
  ['a fraction', usage(10.5, 0, 0, 0)],
  ['no number', usage(Number.NaN, 0, 0, 0)],
  ['too many tokens', usage(0, 0, 0, MOST_TOKENS + 1)],
])('%s is refused', (_what, wrong) => {
  expect(() => costOf(price, wrong)).toThrow(expect.objectContaining({ code: 'usage-invalid' }));
});

test('an event beyond a million dollars is refused', () => {
  const dear: Rates = { input: 10n ** 13n, cachedInput: 0n, cacheWrite: 0n, output: 1n };
  const dearest: ModelPrice = { standard: dear, batch: dear };
  expect(costOf(dearest, usage(MOST_TOKENS, 0, 0, 0))).toBe(10n ** 15n);
  expect(() => costOf(dearest, usage(MOST_TOKENS, 0, 0, MOST_TOKENS))).toThrow(
    expect.objectContaining({ code: 'usage-invalid' }),
  );
});

const tokens = fc.integer({ min: 0, max: MOST_TOKENS });
const femtos = fc.bigInt(0n, 10n ** 12n);
const rates = fc.record({ input: femtos, cachedInput: femtos, cacheWrite: femtos, output: femtos });
const parts = fc
  .tuple(tokens, tokens, tokens, tokens)
  .filter(([, cached, written]) => cached + written <= MOST_TOKENS)
  .map(([plain, cached, written, output]) => ({
    plain: Math.min(plain, MOST_TOKENS - cached - written),
    cached,
    written,
    output,
  }));

test('the cost is never more than half a nano from the exact sum', () => {
  fc.assert(
    fc.property(rates, parts, (r, p) => {
      const exact =
        BigInt(p.plain) * r.input +
        BigInt(p.cached) * r.cachedInput +
        BigInt(p.written) * r.cacheWrite +
        BigInt(p.output) * r.output;
      const cost = costOf(
        { standard: r, batch },
        usage(p.plain + p.cached + p.written, p.cached, p.written, p.output),
      );
      const off = cost * 1_000_000n - exact;
      expect(off <= 500_000n && off >= -500_000n).toBe(true);
      expect(cost).toBe(divideHalfEven(exact, 1_000_000n));
    }),
  );
});

test('where all input rates are one, it does not matter how the input is told apart', () => {
  fc.assert(
    fc.property(femtos, femtos, parts, (input, output, p) => {
      const flat = { input, cachedInput: input, cacheWrite: input, output };
      const whole = p.plain + p.cached + p.written;
      const one: ModelPrice = { standard: flat, batch: flat };
      expect(costOf(one, usage(whole, p.cached, p.written, p.output))).toBe(
        costOf(one, usage(whole, 0, 0, p.output)),
      );
    }),
  );
});

test('more tokens never cost less', () => {
  fc.assert(
    fc.property(rates, tokens, tokens, tokens, (r, input, output, more) => {
      const one: ModelPrice = { standard: r, batch: r };
      const bigger = Math.min(MOST_TOKENS, output + more);
      expect(costOf(one, usage(input, 0, 0, bigger))).toBeGreaterThanOrEqual(
        costOf(one, usage(input, 0, 0, output)),
      );
    }),
  );
});
