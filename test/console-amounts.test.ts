// What the console reckons for its charts: exact sums and shares of the API's strings, and stacks that leave nothing out.
import { expect, test } from '@jest/globals';
import { formatMoney, spokenMoney } from '../console/src/money.ts';
import { amountOf, axisOf, nanosOf, shareOf, total } from '../console/src/pages/usage/exact.ts';
import { spendStacks, tokenStacks } from '../console/src/pages/usage/stacks.ts';
import { countDays, daysBetween, isDay, plusDays } from '../console/src/parts/days.ts';

test.each(['0.00', '0.000000001', '12.34', '-0.5', '-1234567890.123456789', '9223372036.85'])(
  'the amount %s survives its way through billionths',
  (amount) => {
    expect(nanosOf(amountOf(nanosOf(amount)))).toBe(nanosOf(amount));
    expect(amountOf(nanosOf(amount)).replace(/(\.\d\d\d*?)0+$/, '$1')).toBe(
      amount.padEnd(amount.indexOf('.') + 3, '0'),
    );
  },
);

test.each([
  ['24.9973', '$24.99', '24 dollars and 99 cents'],
  ['-1234.5', '−$1,234.50', 'minus 1234 dollars and 50 cents'],
  ['0.00', '$0.00', '0 dollars'],
  ['0.010', '$0.01', '0 dollars and 1 cent'],
  ['-0.002739', '−$0.0027', 'minus 0.0027 dollars'],
  ['0.0010', '$0.001', '0.001 dollars'],
  ['0.000000001', '$0.000000001', '0.000000001 dollars'],
])('%s is shown to the cent, and less than a cent is never shown as nothing', (amount, shown, spoken) => {
  expect([formatMoney(amount), spokenMoney(amount)]).toEqual([shown, spoken]);
});

test('sums are exact where numbers are not', () => {
  expect(total(['0.1', '0.2'])).toBe('0.30');
  expect(total(['9007199254740993.000000001', '0.000000001'])).toBe('9007199254740993.000000002');
  expect(total([])).toBe('0.00');
});

test('shares are cut off, so that together they are never more than the whole', () => {
  expect(['1.00', '1.00', '1.00'].map((part) => shareOf(part, '3.00'))).toEqual(['33.3%', '33.3%', '33.3%']);
  expect(shareOf('0.0001', '3.00')).toBe('<0.1%');
  expect(shareOf('0.00', '0.00')).toBe('0.0%');
});

test.each([
  ['0.00', ['0.00', '1.00']],
  ['69.21', ['0.00', '20.00', '40.00', '60.00', '80.00']],
  ['0.000000003', ['0.00', '0.000000001', '0.000000002', '0.000000003']],
  ['1000000.01', ['0.00', '500000.00', '1000000.00', '1500000.00']],
])('an axis for %s has at most six round marks and ends at or above it', (largest, marks) => {
  expect(axisOf(largest)).toEqual(marks);
});

test('days are UTC days, leap days among them, and what is none is told', () => {
  expect(daysBetween('2028-02-28', '2028-03-01')).toEqual(['2028-02-28', '2028-02-29', '2028-03-01']);
  expect(daysBetween('2028-03-02', '2028-03-01')).toEqual([]);
  expect(plusDays('2026-01-01', -1)).toBe('2025-12-31');
  expect(countDays('2026-01-01', '2026-12-31')).toBe(365);
  expect(['2026-13-01', '2026-1-1', 'today', ''].filter(isDay)).toEqual([]);
});

const NOTHING = { events: 1, inputTokens: 0, cachedInputTokens: 0, cacheWriteTokens: 0, outputTokens: 0 };
const max = { id: 'max', name: 'Max' };
const other = { id: 'olga', name: 'Max' };

test('stacks have every day, the dearest first and the others last, and add up to what was spent', () => {
  const sums = [
    { ...NOTHING, day: '2026-01-01', member: max, cost: '0.1' },
    { ...NOTHING, day: '2026-01-01', others: true as const, cost: '9.00' },
    { ...NOTHING, day: '2026-01-03', member: other, cost: '0.3' },
  ];
  const { series, columns, total } = spendStacks(sums, 'member', daysBetween('2026-01-01', '2026-01-03'));
  expect(series.map(({ name, total }) => [name, total])).toEqual([
    ['Max (…olga)', '0.30'],
    ['Max (…max)', '0.10'],
    ['Others', '9.00'],
  ]);
  expect(columns.map(({ total }) => total)).toEqual(['9.10', '0.00', '0.30']);
  expect(total).toBe('9.40');
});

test('tokens that were cached or written to the cache are not counted as plain input again', () => {
  const sums = [
    {
      ...NOTHING,
      day: '2026-01-01',
      inputTokens: 1_000,
      cachedInputTokens: 300,
      cacheWriteTokens: 200,
      outputTokens: 50,
      cost: '1.00',
    },
  ];
  const { series, total } = tokenStacks(sums, ['2026-01-01']);
  expect(series.map(({ total }) => total)).toEqual(['500', '300', '200', '50']);
  expect(total).toBe('1,050');
});
