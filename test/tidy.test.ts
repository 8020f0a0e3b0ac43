// Tidiness: the habits that a machine can check, each as a rule over the files of the project.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { problems } from '../api/problem.ts';
import { refusalCodes } from '../ledger/refusal.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Folder → the folders it may import of ours, beside itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  ledger: [],
  workflows: ['ledger', 'activities'],
  activities: ['ledger', 'workflows'],
  worker: ['ledger', 'workflows', 'activities'],
  api: ['ledger', 'workflows', 'activities'],
};

/** Where not the whole folder may be imported. The API's part in activities: docs/decisions/002-api-settles-payments.md. */
const ONLY: readonly { from: string; to: string; allows: (imported: Imported) => boolean }[] = [
  { from: 'workflows', to: 'activities', allows: ({ typeOnly }) => typeOnly },
  {
    from: 'api',
    to: 'activities',
    allows: ({ file }) => /^activities\/payments\/(?!activities\.ts)/.test(file),
  },
  { from: 'api', to: 'workflows', allows: ({ file }) => /^workflows\/(messages|client)\.ts$/.test(file) },
];

interface Imported {
  readonly file: string;
  readonly typeOnly: boolean;
}

function sources(...folders: readonly string[]): string[] {
  return folders
    .flatMap((folder) => globSync(`${folder}/**/*.ts`, { cwd: ROOT }))
    .filter((file) => !file.endsWith('.d.ts'));
}

function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

/** What a file imports of ours, as paths from the root. */
function imports(file: string): Imported[] {
  const statements = read(file).matchAll(
    /^(?:import|export)\s+(type\s)?[^;]*?from\s+'(\.[^']+)'|^import\s+'(\.[^']+)'/gm,
  );
  return [...statements].map(([, type, from, bare]) => ({
    file: normalize(join(dirname(file), from ?? bare ?? '')),
    typeOnly: type !== undefined,
  }));
}

test('imports go one way', () => {
  const wrong = sources(...Object.keys(MAY_IMPORT)).flatMap((file) => {
    const [folder = ''] = file.split('/');
    return imports(file).flatMap((imported) => {
      const [to = ''] = imported.file.split('/');
      const rule = ONLY.find((one) => one.from === folder && one.to === to);
      const allowed =
        to === folder || (MAY_IMPORT[folder]?.includes(to) === true && rule?.allows(imported) !== false);
      return allowed ? [] : [`${file} imports ${imported.file}`];
    });
  });
  expect(wrong).toEqual([]);
});

test('the environment is read only in config.ts and by what is started by hand', () => {
  const wrong = sources('ledger', 'workflows', 'activities', 'worker', 'api').filter(
    (file) => !file.endsWith('/config.ts') && /\bprocess\.env\b/.test(read(file)),
  );
  expect(wrong).toEqual([]);
});

test('every problem has a page, every page a problem, and the page says title and status', () => {
  const pages = globSync('docs/problems/*.md', { cwd: ROOT }).map((file) =>
    file.slice('docs/problems/'.length, -3),
  );
  expect(pages.sort()).toEqual(Object.keys(problems).sort());
  for (const [code, { status, title }] of Object.entries(problems)) {
    const page = read(`docs/problems/${code}.md`);
    expect(page).toContain(`# ${title}\n`);
    expect(page).toContain(`\`${code}\`, HTTP status ${status}.`);
  }
});

test('every refusal of the ledger is a problem, and SQL refuses with no other words', () => {
  for (const code of refusalCodes) expect(Object.keys(problems)).toContain(code);
  const raised = globSync('ledger/migrations/*.sql', { cwd: ROOT }).flatMap((file) =>
    [...read(file).matchAll(/\brefuse\('([a-z-]+)'/g)].map(([, code = '']) => code),
  );
  expect(raised.filter((code) => !refusalCodes.some((known) => known === code))).toEqual([]);
});

test('every file begins with a sentence on what lives there', () => {
  const wrong = sources('ledger', 'workflows', 'activities', 'worker', 'api', 'dev', 'bench', 'test').filter(
    (file) => !/^(#!.*\n)?(\/\/|\/\*\*?) ?\S/.test(read(file)),
  );
  expect(wrong).toEqual([]);
});

test('no file leaves work behind or goes around the compiler', () => {
  const leftover = /\b(TODO|FIXME|XXX)\b|@ts-(ignore|expect-error|nocheck)|\bas any\b/;
  const wrong = sources('ledger', 'workflows', 'activities', 'worker', 'api', 'dev', 'bench').filter((file) =>
    leftover.test(read(file)),
  );
  expect(wrong).toEqual([]);
});

test('links in the documents lead somewhere', () => {
  const wrong = globSync(['*.md', 'docs/**/*.md'], { cwd: ROOT }).flatMap((file) =>
    [...read(file).matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)(#[^)]*)?\)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !existsSync(join(ROOT, dirname(file), target)))
      .map((target) => `${file} → ${target}`),
  );
  expect(wrong).toEqual([]);
});

test('SQL statements have no holes for values: only constants are joined into them', () => {
  const wrong = sources('ledger', 'activities', 'api', 'worker').filter((file) =>
    /`\s*(?:select|insert|update|delete|with)\b[^`]*\$\{(?![A-Z_]+\})/.test(read(file)),
  );
  expect(wrong).toEqual([]);
});

test('every decision bears its number, and every number is given once', () => {
  const files = globSync('docs/decisions/*.md', { cwd: ROOT }).sort();
  const numbers = files.map((file) => /(\d{3})-[a-z-]+\.md$/.exec(file)?.[1] ?? 'none');
  expect(new Set(numbers).size).toBe(files.length);
  for (const [index, file] of files.entries())
    expect(read(file)).toMatch(new RegExp(`^# ${numbers[index]} `));
});

/** Words that the glossary refuses for one idea and that are right for another: models' tokens, Stripe's charges, … */
const RIGHT_ELSEWHERE = ['token', 'log', 'lock', 'charge', 'retry', 'version', 'payload', 'offset', 'cron'];

/** Who speaks to the sign-in library says its words; so does whoever tells of it. */
const SIGN_IN =
  /^(api\/(auth[\w-]*|principal)\.ts|ledger\/migrations\/0002_people\.sql|docs\/decisions\/001-.*|docs\/sign-in\.md)$/;

test('the words that the glossary refuses are used nowhere', () => {
  const rows = [...read('docs/glossary.md').matchAll(/^\| ([^|]+) \|[^|]+\| ([^|]*)\|$/gm)].slice(1);
  const words = rows.flatMap(([, word = '']) => word.split(',').map((one) => one.trim()));
  const refused = rows
    .flatMap(([, , not = '']) => not.replaceAll(/\([^)]*\)/g, '').split(','))
    .map((word) => word.trim())
    .filter((word) => /^[\w ]+$/.test(word) && !words.includes(word) && !RIGHT_ELSEWHERE.includes(word));
  expect(refused).toEqual(expect.arrayContaining(['wallet', 'tenant', 'user', 'deposit', 'aggregate']));
  const files = [
    ...sources('ledger', 'workflows', 'activities', 'worker', 'api'),
    ...globSync(['ledger/migrations/*.sql', 'docs/**/*.md', '*.md'], { cwd: ROOT }),
  ].filter((file) => file !== 'docs/glossary.md');
  const wrong = files.flatMap((file) => {
    const text = asWords(read(file));
    return refused
      .filter((word) => word !== 'user' || !SIGN_IN.test(file))
      .filter((word) => new RegExp(`\\b${word}s?\\b`, 'i').test(text))
      .map((word) => `${file} says ${word}`);
  });
  expect(wrong).toEqual([]);
});

/** Names taken apart into their words; the words of others (an address, a header, a class of the language) left out. */
function asWords(text: string): string {
  return text
    .replaceAll(/AggregateError|user:password|User Metadata|user[-_ ]?agent/gi, '')
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .replaceAll('_', ' ');
}

test('every workflow has a recorded history', () => {
  const files = [...read('workflows/index.ts').matchAll(/from '\.\/([\w-]+\.ts)'/g)].map(
    ([, file = '']) => file,
  );
  const workflows = files.flatMap((file) =>
    [...read(`workflows/${file}`).matchAll(/^export async function (\w+)/gm)].map(([, name = '']) => name),
  );
  expect(workflows).toEqual(expect.arrayContaining(['account', 'topUp', 'verify']));
  const recorded = globSync('test/histories/*.json', { cwd: ROOT }).map(
    (file) => /"workflowType":\s*\{\s*"name":\s*"(\w+)"/.exec(read(file))?.[1],
  );
  expect(workflows.filter((name) => !recorded.includes(name))).toEqual([]);
});
