// What the console's forms tell before they send: they refuse what the server refuses, and nothing that it takes.
import { expect, test } from '@jest/globals';
import { displayName, slug } from '../api/names.ts';
import type { ProblemCode } from '../api/problem.ts';
import { ProblemError } from '../console/src/api/problem.ts';
import { tell } from '../console/src/parts/form/faults.ts';
import { daysAfter, lifetimes } from '../console/src/parts/form/lifetimes.ts';
import { nameFault, slugFault } from '../console/src/parts/form/rules.ts';

const NAMES = [
  'Acme',
  '  Acme  ',
  '日本語 — Ünïcode ✓',
  '👩‍👩‍👧 family',
  'العربية',
  'x'.repeat(100),
  'x'.repeat(101),
  'x'.repeat(10_000),
  '',
  '   ',
  'a\u202eb',
  'a\u200fb',
  'a\u2066b',
  'a\u0000b',
  'a\u0007b',
  'a\nb',
  'a\u2028b',
  'a\ud800b',
  '\u200b',
  '\u2800',
  '\u0301',
  '\u{e0041}',
  '\ufeffAcme',
  '<script>',
];

test.each(NAMES)('the name %j is refused by the form exactly where the server refuses it', (name) => {
  expect(nameFault(name) !== undefined).toBe(!displayName.safeParse(name).success);
});

test.each([
  'a',
  'acme',
  'acme-2',
  '-a',
  'a-',
  'a--b',
  'Acme',
  'ä',
  '',
  'a'.repeat(63),
  'a'.repeat(64),
  'a b',
])('the name in addresses %j is refused by the form exactly where the server refuses it', (typed) => {
  expect(slugFault(typed) !== undefined).toBe(!slug.safeParse(typed).success);
});

test('a refusal stands beside the field that it is about, by its pointer or its code, and else below the form', () => {
  const problem = (code: ProblemCode, errors?: { pointer: string; detail: string }[]) =>
    new ProblemError({ code, detail: 'No.', ...(errors && { errors }) }, 400);
  const told = (error: unknown) => {
    const { beside, rest } = tell(error, ['name', 'days'], { expiresAt: 'days', 'slug-taken': 'name' });
    return { ...Object.fromEntries(beside), rest };
  };
  expect(told(null)).toEqual({});
  expect(told(problem('request-invalid', [{ pointer: '/name', detail: 'Too long.' }]))).toEqual({
    name: 'Too long.',
  });
  expect(told(problem('request-invalid', [{ pointer: '/expiresAt', detail: 'Gone.' }]))).toEqual({
    days: 'Gone.',
  });
  expect(told(problem('slug-taken'))).toEqual({ name: 'No.' });
  expect(told(problem('request-invalid', [{ pointer: '/other', detail: 'What?' }]))).toEqual({ rest: 'No.' });
  expect(told(problem('forbidden'))).toEqual({ rest: 'No.' });
  expect(told(problem('rate-limited'))).toEqual({ rest: 'That was tried too often. No.' });
});

test('lifetimes count from the moment of the wish, so that sending it again asks for the same', () => {
  expect(daysAfter('2026-02-20T10:00:00.000Z', '30')).toBe('2026-03-22T10:00:00.000Z');
  expect(lifetimes(['', '30', '365']).map(({ label }) => label)).toEqual(['For ever', '30 days', 'A year']);
});
