// The words of the audit: every kind of line that the database can write is told in a sentence, every field has a name.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import type { SchemaAuditLine } from '../console/src/api/schema.d.ts';
import { fields } from '../console/src/pages/audit/fields.ts';
import { kinds } from '../console/src/pages/audit/kinds.ts';
import { actorText, changesOf, titleOf } from '../console/src/pages/audit/line-text.ts';

const SCHEMA = readFileSync(fileURLToPath(new URL('../ledger/schema.sql', import.meta.url)), 'utf8');

/** The functions that write lines of accounts, and those that say what of a row goes into one. */
const bodies = [
  ...SCHEMA.matchAll(/CREATE OR REPLACE FUNCTION public\.(\w+)\([^$]*\$function\$(.*?)\$function\$/gs),
]
  .map(([, name = '', body = '']) => ({ name, body }))
  .filter(({ name, body }) => /perform audit\((?!null)/.test(body) || name.startsWith('audited_'));

const listIn = (pattern: RegExp): string[] => {
  const [, list = ''] = pattern.exec(SCHEMA) ?? [];
  return [...list.matchAll(/'([a-z-]+)'/g)].map(([, word = '']) => word);
};

/** What an action that is put together from a beginning and a column can end with. */
const ENDS: Readonly<Record<string, () => string[]>> = {
  'credit.': () =>
    listIn(/create type public\.entry_type as enum \((.*?)\)/).filter((one) => one !== 'usage'),
  'account.': () =>
    listIn(/constraint account_state CHECK \(\(state = ANY \(ARRAY\[(.*?)\]/).map((state) =>
      state === 'open' ? 'unfrozen' : state,
    ),
  'invitation.': () => ['declined', 'revoked'],
};

function actions(): string[] {
  const found = bodies.flatMap(({ body }) =>
    [...body.matchAll(/'([a-z]+(?:-[a-z]+)*\.[a-z-]*)'/g)].flatMap(([, action = '']) =>
      action.startsWith('coffer.') ? [] : [action],
    ),
  );
  return [...new Set(found)].flatMap((action) => {
    if (!action.endsWith('.')) return [action];
    const ends = ENDS[action]?.() ?? [];
    if (ends.length === 0) throw new Error(`say in this test what ${action} can end with`);
    return ends.map((end) => action + end);
  });
}

/** The keys of each `jsonb_build_object(…)`: every second of its arguments. */
function keysIn(body: string): string[] {
  return body
    .split('jsonb_build_object(')
    .slice(1)
    .flatMap((rest) => argumentsOf(rest).filter((_, at) => at % 2 === 0))
    .flatMap((argument) => /^'(\w+)'$/.exec(argument.trim())?.[1] ?? []);
}

function argumentsOf(text: string): string[] {
  const found = [''];
  let depth = 0;
  for (const letter of text) {
    if (letter === ')' && depth === 0) break;
    depth += letter === '(' ? 1 : letter === ')' ? -1 : 0;
    if (letter === ',' && depth === 0) found.push('');
    else found.push((found.pop() ?? '') + letter);
  }
  return found;
}

const AT = '2027-03-01T00:00:00.000Z';
const named = (name: string | null) => ({ id: '0199c0de-0000-7000-8000-000000000001', name });

/** A value of each field, as the API shows it. */
const SAMPLES: Readonly<Record<string, unknown>> = {
  role: 'admin',
  sponsor: named('Mara Quill'),
  payer: named('Ines Tal'),
  member: named('Jonas Reed'),
  expiresAt: AT,
  rotatedAt: AT,
  revokedAt: AT,
  replacedSecretsEndAt: AT,
  scopes: ['read', 'keys'],
  threshold: '10.00',
  amount: '25.000000001',
  balance: '-3.50',
  mode: 'auto',
  sends: 2,
};

const line = (action: string, more: Partial<SchemaAuditLine>): SchemaAuditLine => ({
  id: '0199c0de-0000-7000-8000-000000000002',
  at: AT,
  actor: { kind: 'person', ...named('Mara Quill') },
  action,
  subject: { kind: 'thing', ...named('Night job') },
  before: null,
  after: null,
  reason: null,
  address: null,
  requestId: null,
  ...more,
});

test('every action of the database has a sentence, and no sentence is for none', () => {
  const written = actions();
  expect(written.length).toBeGreaterThan(25);
  expect(written.filter((action) => kinds[action] === undefined)).toEqual([]);
  expect(Object.keys(kinds).filter((action) => !written.includes(action))).toEqual([]);
});

test('every field of the database has a name', () => {
  const written = new Set(
    bodies
      .flatMap(({ body }) => keysIn(body))
      .map((key) => key.replace(/(?<=^(sponsor|payer|member))Id$/, '')),
  );
  expect(written.size).toBeGreaterThan(15);
  expect([...written].filter((field) => fields[field] === undefined)).toEqual([]);
});

test.each(actions())('%s reads as a sentence, whatever fields and names it has', (action) => {
  const whole = Object.fromEntries(Object.keys(fields).map((field) => [field, SAMPLES[field] ?? 'a word']));
  for (const more of [
    {},
    { after: whole },
    { before: whole },
    { before: { ...whole, name: 'Old', role: 'member' }, after: whole },
    {
      subject: { kind: 'thing', ...named(null) },
      after: { ...whole, payer: named(null), member: named(null) },
    },
  ]) {
    const told = line(action, more);
    const title = titleOf(told);
    expect(title).toMatch(/^[A-Z$]/);
    expect(title).not.toMatch(/undefined|null|object|Z\b|“”|\.$|\b[a-z]+-[a-z]+-up|\d{4}-\d\d| {2}/);
    for (const { was, is } of changesOf(told))
      for (const value of [was, is])
        if (value?.form !== 'moment') expect(value?.text ?? '').not.toMatch(/\d{4}-\d\d-\d\dT|object|\{/);
  }
});

test('amounts are money, moments moments, people names, and what the sentence says is not said again', () => {
  const rule = line('auto-top-up.changed', {
    before: { threshold: '10.00', sponsor: named('Mara Quill') },
    after: { threshold: '15.00', sponsor: named('Ines Tal'), card: 'replaced' },
  });
  expect(changesOf(rule)).toEqual([
    { label: 'Threshold', was: { form: 'money', text: '10.00' }, is: { form: 'money', text: '15.00' } },
    { label: 'Sponsor', was: { form: 'text', text: 'Mara Quill' }, is: { form: 'text', text: 'Ines Tal' } },
    { label: 'Card', was: undefined, is: { form: 'text', text: 'another one' } },
  ]);
  const expiry = line('api-key.expiry-changed', { before: { expiresAt: null }, after: { expiresAt: AT } });
  expect(titleOf(expiry)).toBe('The key “Night job” works until another time');
  expect(changesOf(expiry)).toEqual([
    { label: 'Works until', was: { form: 'text', text: 'it is revoked' }, is: { form: 'moment', text: AT } },
  ]);
  const paid = line('credit.top-up', {
    after: { amount: '25.00', mode: 'manual', payer: named('Ines Tal') },
  });
  expect([titleOf(paid), changesOf(paid)]).toEqual(['Ines Tal added $25.00', []]);
  const taken = line('credit.adjustment', { after: { amount: '-0.000000001' } });
  expect(titleOf(taken)).toBe('An adjustment took $0.000000001 from the balance');
});

test('an action that the console does not know yet is told by its name, and whoever acts has one', () => {
  expect(titleOf(line('something.new-here', {}))).toBe('Something new here: Night job');
  const actor = (kind: SchemaAuditLine['actor']['kind'], name: string | null) =>
    actorText(line('member.left', { actor: { kind, ...named(name) } }));
  expect(actor('system', null)).toBe('Coffer');
  expect(actor('operator', 'Olaf')).toBe('Operator: Olaf');
  expect(actor('organization', 'Monthly report')).toBe('Program: Monthly report');
  expect(actor('person', null)).toBe('A former member');
});
