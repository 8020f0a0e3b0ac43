// Access: every route as every caller, on their own things and on somebody else's, does what docs/access.md says.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Auth } from '../api/auth.ts';
import { answerTo, callers } from '../dev/access/callers.ts';
import { accessDocument } from '../dev/access/document.ts';
import { type Operation, operationsOf } from '../dev/access/operations.ts';
import { ask } from './support/access-matrix/ask.ts';
import { type Called, undocumented } from './support/access-matrix/call.ts';
import { asGoodAsNothing, type Cell, cellsOf } from './support/access-matrix/cells.ts';
import { digest } from './support/access-matrix/digest.ts';
import { lines } from './support/access-matrix/lines.ts';
import { WEBHOOK_SECRET } from './support/access-matrix/lines-machines.ts';
import { ANYBODY } from './support/access-matrix/rows.ts';
import { createWorld, type World } from './support/access-matrix/world.ts';
import { startTestApi, type TestApi } from './support/api.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { createTestAuth } from './support/people.ts';
import { startTestSandbox, type TestSandbox } from './support/sandbox.ts';

let database: TestDatabase;
let sandbox: TestSandbox;
let api: TestApi;
let auth: Auth;
let operations: readonly Operation[];
let shared: World;

beforeAll(async () => {
  [database, sandbox] = await Promise.all([createTestDatabase(), startTestSandbox()]);
  api = await startTestApi(database, {
    environment: {
      STRIPE_API_BASE: sandbox.url,
      STRIPE_SECRET_KEY: 'sk_test_sandbox',
      STRIPE_WEBHOOK_SECRETS: WEBHOOK_SECRET,
    },
  });
  auth = createTestAuth(database.pool);
  shared = await createWorld(database.pool, auth);
  operations = operationsOf((await api.json('GET', '/openapi.json')).body);
});

afterAll(async () => {
  await api.close();
  await sandbox.close();
  await database.drop();
});

const routeOf = ({ method, path }: Operation) => `${method} ${path}`;

/** The cells of a route; one that has none is missing in the OpenAPI document. */
function cellsOn(route: string): Cell[] {
  const operation = operations.find((one) => routeOf(one) === route);
  const line = lines.find((one) => one.route === route);
  if (operation === undefined || line === undefined) throw new Error(`there is no ${route}`);
  return cellsOf(operation, line);
}

test('every route of the OpenAPI document has one line here, and every line a route', () => {
  expect(lines.map(({ route }) => route).sort()).toEqual(operations.map(routeOf).sort());
});

test('what the routes declare is what was promised to every caller', () => {
  for (const { route, row } of lines) {
    const operation = operations.find((one) => routeOf(one) === route);
    const declared = operation && callers.map((caller) => answerTo(operation.access, caller));
    expect([route, declared]).toEqual([route, callers.map((caller) => row[caller])]);
  }
});

test('a route that narrows a right says so, and its line says what that means for a colleague’s things', () => {
  for (const operation of operations) {
    const line = lines.find(({ route }) => route === routeOf(operation));
    const narrowed = Object.keys(operation.access.narrows ?? {}).length > 0;
    expect([routeOf(operation), narrowed]).toEqual([routeOf(operation), line?.narrowed ?? false]);
  }
});

test('docs/access.md is what the routes declare', () => {
  const written = readFileSync(new URL('../docs/access.md', import.meta.url), 'utf8');
  expect(written).toBe(accessDocument(operations));
});

test('there are at least 400 cells', () => {
  const cells = lines.flatMap(({ route }) => cellsOn(route));
  process.stderr.write(`access matrix: ${lines.length} routes, ${cells.length} cells\n`);
  expect(cells.length).toBeGreaterThanOrEqual(400);
});

const everyRoute = lines.map(({ route }) => route);

describe('what is forbidden is refused and changes nothing', () => {
  test.each(everyRoute)('%s', async (route) => {
    const cells = cellsOn(route);
    const wrong: string[] = [];
    let before = await digest(database.pool);
    for (const caller of callers) {
      const forbidden = cells.filter((one) => one.caller === caller && one.expected !== 'yes');
      wrong.push(...(await Promise.all(forbidden.map((cell) => refused(cell, cells)))).flat());
      const after = await digest(database.pool);
      const changed = Object.keys(after).filter((table) => after[table] !== before[table]);
      wrong.push(...changed.map((table) => `${caller}: ${table} has changed`));
      before = after;
    }
    expect(wrong).toEqual([]);
  });
});

describe('what is allowed is done', () => {
  test.each(everyRoute)('%s', async (route) => {
    const wrong: string[] = [];
    for (const caller of callers) {
      const allowed = cellsOn(route).filter((one) => one.caller === caller && one.expected === 'yes');
      wrong.push(...(await Promise.all(allowed.map(done))).flat());
    }
    expect(wrong).toEqual([]);
  });
});

/** What is wrong with how a cell is refused; what is somebody else's must look like what is not there. */
async function refused(cell: Cell, cells: readonly Cell[]): Promise<string[]> {
  const answer = await ask(api, shared, cell);
  const twin = asGoodAsNothing(cell, cells);
  const isAlike = twin === undefined || same(answer, await ask(api, shared, twin));
  return [...mistakes(cell, answer), ...(isAlike ? [] : [`${nameOf(cell)}: differs from ${twin.whose}`])];
}

async function done(cell: Cell): Promise<string[]> {
  return mistakes(cell, await ask(api, await worldFor(cell), cell));
}

/** Who changes something does so in a world of their own. */
async function worldFor({ operation, caller, whose, line }: Cell): Promise<World> {
  if (operation.method === 'GET' || line.row === ANYBODY) return shared;
  const others = /^(foreign|stranger)/.test(whose);
  return createWorld(database.pool, auth, { caller, others });
}

function nameOf({ caller, whose }: Cell): string {
  return `${caller}, ${whose}`;
}

function mistakes(cell: Cell, answer: Called): string[] {
  const { operation, line, expected } = cell;
  const status = expected === 'yes' ? line.yesIs : expected;
  const isRight = status === undefined ? answer.status < 300 : answer.status === status;
  const undeclared = undocumented(operation, answer);
  return [
    ...(isRight
      ? []
      : [`${nameOf(cell)}: ${answer.status}, not ${status ?? '2xx'}: ${answer.body.slice(0, 200)}`]),
    ...(undeclared === undefined ? [] : [`${nameOf(cell)}: ${undeclared}`]),
  ];
}

function same(one: Called, other: Called): boolean {
  return one.status === other.status && one.contentType === other.contentType && one.body === other.body;
}
