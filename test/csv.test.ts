// CSV: whatever people write comes back as it was and runs nowhere, and amounts stay numbers to the last nano.
import { expect, test } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import { csvLines, textCell } from '../api/csv.ts';
import { formatDollars, nanosFromString } from '../ledger/money.ts';

test.each([
  ['a comma', 'Quill, Mara'],
  ['quotes', 'the "night" job'],
  ['a line feed', 'two\nlines'],
  ['a carriage return alone', 'two\rlines'],
  ['both', 'two\r\nlines'],
  ['blanks at its ends', '  wide  '],
  ['nothing', ''],
  ['another script', 'Жанна 李 🦊'],
])('a cell with %s is read back as it was', (_what, text) => {
  expect(parse(csvLines([['before', textCell(text), 'after']]))).toEqual([['before', text, 'after']]);
});

test('a break within a cell is within quotes, so that a row stays one row', () => {
  for (const text of ['a\nb', 'a\rb', 'a\r\nb']) expect(csvLines([[text]])).toBe(`"${text}"\n`);
  expect(csvLines([['say "hi", twice']])).toBe('"say ""hi"", twice"\n');
});

test.each(['=1+1', '+1', '-1', '@sum(A1)', '\t=1', '\r=1', '\n=1', '＝1', '＋1', '－1', '＠x'])(
  'text that begins as %j does is no formula where it is opened',
  (text) => {
    const [[cell = ''] = []]: string[][] = parse(csvLines([[textCell(text)]]));
    expect(cell).toBe(`'${text}`);
  },
);

test('an amount is a number with every nano, also below zero', () => {
  const amounts = ['-1', '1', '-9223372036854775807', '1000000000', '-30000000'];
  const cells = amounts.map((nanos) => formatDollars(nanosFromString(nanos)));
  expect(csvLines([cells])).toBe('-0.000000001,0.000000001,-9223372036.854775807,1.00,-0.03\n');
});
