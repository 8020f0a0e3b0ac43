// Price lists: exact to the femto-dollar, whatever floats the list was written with.
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { femtosFromDecimal, parsePriceList } from '../ledger/prices.ts';
import { divideHalfEven } from '../ledger/rounding.ts';

test.each([
  ['2.5e-06', 2_500_000_000n],
  ['2.9999900000000002e-06', 2_999_990_000n],
  ['0.00000015', 150_000_000n],
  ['1E-5', 10_000_000_000n],
  ['0.0', 0n],
  ['-0.0', 0n],
  ['0e9999', 0n],
  ['5e-16', 0n],
  ['15e-16', 2n],
  ['25e-16', 2n],
  ['25.0000001e-16', 3n],
  ['1e-9999', 0n],
  ['1', 1_000_000_000_000_000n],
])('%s dollars a token are %s femto-dollars', (decimal, femtos) => {
  expect(femtosFromDecimal(decimal)).toBe(femtos);
});

test.each(['-1e-6', '1e4', '1e9999', 'NaN', '', '1e', '.5', '0x1'])('%p is refused as a rate', (decimal) => {
  expect(() => femtosFromDecimal(decimal)).toThrow();
});

test('a decimal is read as exactly the number its digits say', () => {
  const parts = fc.tuple(fc.bigInt(0n, 10n ** 18n), fc.integer({ min: 0, max: 20 }));
  fc.assert(
    fc.property(parts, ([digits, decimals]) => {
      const femtos = 10n ** 15n * digits;
      const scale = 10n ** BigInt(decimals);
      fc.pre(femtos / scale < 10n ** 18n);
      expect(femtosFromDecimal(`${digits}e-${decimals}`)).toBe(divideHalfEven(femtos, scale));
    }),
  );
});

function only(entry: string) {
  return parsePriceList(`{"m": ${entry}}`).prices.get('m');
}

test('parts that are not given fall back by the written rule', () => {
  const rates = { input: 10n, cachedInput: 10n, cacheWrite: 10n, output: 20n };
  expect(only('{"input_cost_per_token": 1e-14, "output_cost_per_token": 2e-14}')).toEqual({
    standard: rates,
    batch: rates,
  });
  const withParts =
    only(`{"input_cost_per_token": 1e-14, "output_cost_per_token": 2e-14, "cache_read_input_token_cost": 3e-15,
    "cache_creation_input_token_cost": 0.0, "input_cost_per_token_batches": 5e-15, "output_cost_per_token_batches": null}`);
  expect(withParts).toEqual({
    standard: { input: 10n, cachedInput: 3n, cacheWrite: 0n, output: 20n },
    batch: { input: 5n, cachedInput: 3n, cacheWrite: 0n, output: 20n },
  });
});

test('a model that cannot be priced is refused with a line and does not stop the others', () => {
  const list = parsePriceList(`{
    "sample_spec": {"input_cost_per_token": 0.0, "output_cost_per_token": 0.0},
    "image": {"output_cost_per_image": 0.04},
    "half": {"input_cost_per_token": 1e-6},
    "negative": {"input_cost_per_token": -1e-6, "output_cost_per_token": 1e-6},
    "text": {"input_cost_per_token": "1e-6", "output_cost_per_token": 1e-6},
    "list": [], "none": null, "number": 5, " spaced": {"input_cost_per_token": 1e-6, "output_cost_per_token": 1e-6},
    "__proto__": {"input_cost_per_token": 1e-6, "output_cost_per_token": 1e-6},
    "good": {"input_cost_per_token": 1e-6, "output_cost_per_token": 1e-6}
  }`);
  expect([...list.prices.keys()]).toEqual(['__proto__', 'good']);
  expect(list.refused.map(({ model }) => model)).toEqual([
    'image',
    'half',
    'negative',
    'text',
    'list',
    'none',
    'number',
    ' spaced',
  ]);
  expect(list.refused[1]?.reason).toBe('it has no output_cost_per_token');
});

test.each(['', '[]', 'null', '5', '{"m": {"input_cost_per_token": 01}}'])(
  '%p is refused as a price list',
  (text) => {
    expect(() => parsePriceList(text)).toThrow(expect.objectContaining({ code: 'price-list-malformed' }));
  },
);

test('every model of the shipped list has a price', () => {
  const list = parsePriceList(
    readFileSync(new URL('../dev/demo/model-prices.json', import.meta.url), 'utf8'),
  );
  expect(list.refused).toEqual([]);
  expect(list.prices.size).toBe(22);
  expect(list.prices.get('gpt-4o-mini')).toEqual({
    standard: {
      input: 150_000_000n,
      cachedInput: 75_000_000n,
      cacheWrite: 150_000_000n,
      output: 600_000_000n,
    },
    batch: { input: 75_000_000n, cachedInput: 75_000_000n, cacheWrite: 150_000_000n, output: 300_000_000n },
  });
  expect(list.prices.get('deepseek/deepseek-chat')?.standard.cacheWrite).toBe(0n);
});
