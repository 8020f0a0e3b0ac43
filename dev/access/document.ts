// The page docs/access.md: route by route who may call it, made of what the routes declare.
import { type Right, rights } from '../../api/access.ts';
import { answerTo, type Caller, callers, narrowingOf } from './callers.ts';
import type { Operation } from './operations.ts';

const HEADINGS: Record<Caller, string> = {
  owner: 'owner',
  admin: 'admin',
  member: 'member',
  'former member': 'former member',
  outsider: 'outsider',
  nobody: 'nobody',
  gateway: 'gateway',
  'operator read': 'operator: `read`',
  'operator money': 'operator: `money`',
  'operator prices': 'operator: `prices`',
  'token read': 'organization token: `read`',
  'token keys': 'organization token: `keys`',
};

const INTRODUCTION = `# Who may do what

Made by \`npm run access\` from what the routes declare and the API enforces; a test compares. Another test calls every
route as every caller, on the caller's own things and on somebody else's, and expects what stands here.

- ✓ does what was asked. 401: no valid session or token. 403: known, but not with this role, kind of token or scope.
  404: for this caller there is no such thing.
- **Owner**, **admin** and **member** are people by their role in the organization that the path names. On their own
  personal account everybody is its owner. A **former member** was removed or has left; an **outsider** never belonged.
- On somebody else's account, organization or thing every person is an outsider, also to the personal account of a
  member of their own organization, and so is a program with the token of another organization, where its scope would do.
  What is not theirs to see is answered by the same query and with the same bytes as what does not exist.
- A number behind ✓ names a note below: the right is narrowed there.
- The web console uses the same routes, by the session cookie of a person.
`;

/** The page as Markdown. */
export function accessDocument(operations: readonly Operation[]): string {
  const notes: string[] = [];
  const tables = [...Map.groupBy(operations, ({ tag }) => tag)].map(([tag, ofTag]) =>
    [`## ${tag}`, '', ...headOf(), ...ofTag.map((operation) => lineOf(operation, notes)), ''].join('\n'),
  );
  const numbered = notes.map((note, index) => `${index + 1}. ${note}`);
  const ending = numbered.length === 0 ? [] : ['## Notes', '', ...numbered, ''];
  return [INTRODUCTION, ...tables, ...ending, rightsTable()].join('\n');
}

function headOf(): string[] {
  return [
    `| route | ${callers.map((caller) => HEADINGS[caller]).join(' | ')} |`,
    `|---|${':-:|'.repeat(callers.length)}`,
  ];
}

function lineOf(operation: Operation, notes: string[]): string {
  const { method, path, access, summary } = operation;
  const cells = callers.map((caller) => {
    const answer = answerTo(access, caller);
    if (answer !== 'yes') return String(answer);
    const narrowing = narrowingOf(access, caller);
    return narrowing === undefined ? '✓' : `✓ ${noteOf(`Only ${narrowing}.`, notes)}`;
  });
  return `| \`${method} ${path}\`<br>${summary}${boundOf(operation)} | ${cells.join(' | ')} |`;
}

/** How often one caller may, where that is bounded. */
function boundOf({ access: { rateLimit } }: Operation): string {
  if (rateLimit === undefined) return '';
  const { times, seconds } = rateLimit;
  const within = seconds === 3_600 ? 'an hour' : `${seconds / 60} minutes`;
  return `<br>at most ${times} in ${within}`;
}

/** The number of a note; the same words are one note. */
function noteOf(note: string, notes: string[]): number {
  if (!notes.includes(note)) notes.push(note);
  return notes.indexOf(note) + 1;
}

function rightsTable(): string {
  const lines = (Object.keys(rights) as Right[]).map(
    (right) => `| \`${right}\` | ${rights[right].join(', ')} |`,
  );
  return [
    '## Rights on an account',
    '',
    'Each route on an account or organization takes one of these.',
    '',
    '| right | who has it |',
    '|---|---|',
    ...lines,
    '',
  ].join('\n');
}
