// The cells of the matrix: every route, caller and whose things, with the answer that the route's line promises.
import { type Answer, answerToStranger, type Caller, callers } from '../../../dev/access/callers.ts';
import type { Operation } from '../../../dev/access/operations.ts';
import type { Line } from './line.ts';
import type { Things } from './things.ts';
import { callerOf, type World } from './world.ts';

/**
 * Whose things a request names: the caller's own in the organization or on their personal account, a colleague's,
 * another organization's, a stranger's; their own account with somebody else's thing under it; or nothing at all,
 * by the account or by the thing.
 */
export const whoseThings = [
  'own',
  'personal',
  'colleague',
  'foreign',
  'stranger',
  'foreign under own',
  'nothing',
  'nothing under own',
] as const;

export type Whose = (typeof whoseThings)[number];

export interface Cell {
  readonly operation: Operation;
  readonly line: Line;
  readonly caller: Caller;
  readonly whose: Whose;
  readonly expected: Answer;
}

/** All cells of one route. */
export function cellsOf(operation: Operation, line: Line): Cell[] {
  return callers.flatMap((caller) =>
    whoseThings.flatMap((whose) => {
      const expected = expectedOf(operation, line, caller, whose);
      return expected === undefined ? [] : [{ operation, line, caller, whose, expected }];
    }),
  );
}

/** `undefined` where there is nothing of this sort to name. */
function expectedOf(operation: Operation, line: Line, caller: Caller, whose: Whose): Answer | undefined {
  const { container, things } = namesIn(operation.path, line);
  const own = line.row[caller];
  const isPerson = PERSONS.has(caller);
  const missing = own === 'yes' ? 404 : own;
  switch (whose) {
    case 'own':
      return own;
    case 'personal':
      return container === 'accountId' && isPerson ? line.row.owner : undefined;
    case 'colleague':
      return line.onColleagues?.[caller];
    case 'foreign':
      return container === undefined ? undefined : strangersAnswer(operation, line, caller);
    case 'stranger':
      return container === 'accountId' ? strangersAnswer(operation, line, caller) : undefined;
    case 'foreign under own':
      return things.length === 0 ? undefined : own === 'yes' ? foreignThing(operation, line) : own;
    case 'nothing':
      return container === undefined ? undefined : isPerson ? line.row.outsider : missing;
    case 'nothing under own':
      return things.length > 0 ? missing : undefined;
    default:
      return whose satisfies never;
  }
}

/** Operators act on everybody's things. */
function foreignThing({ access }: Operation, { onForeignThing = 404 }: Line): Answer {
  return access.caller === 'operator' ? 'yes' : onForeignThing;
}

const PERSONS: ReadonlySet<Caller> = new Set(['owner', 'admin', 'member', 'former member', 'outsider']);

function strangersAnswer({ access }: Operation, line: Line, caller: Caller): Answer {
  // the declared access was compared with the line before
  return access.caller === 'account' ? answerToStranger(access, caller) : line.row[caller];
}

/** What a path names: the account or organization, and things under it. */
function namesIn(path: string, line: Line) {
  const names = [...path.matchAll(/\{(\w+)\}/g)].flatMap(([, name = '']) =>
    line.path?.[name] ? [] : [name],
  );
  const container = names.find((name) => name === 'accountId' || name === 'organizationId');
  return { container, things: names.filter((name) => name !== container) };
}

/** The ids that a cell names; `undefined` when this caller has nothing of the sort. */
export function thingsOfCell(world: World, { caller, whose }: Cell): Things | undefined {
  const { own, personal } = callerOf(world, caller);
  const under = (other: Things): Things => ({
    ...other,
    accountId: own.accountId,
    organizationId: own.organizationId,
  });
  switch (whose) {
    case 'own':
      return own;
    case 'personal':
      return personal;
    case 'foreign under own':
      return under(world.foreign);
    case 'nothing under own':
      return under(world.nothing);
    default:
      return world[whose];
  }
}

const AS_GOOD_AS: Readonly<Partial<Record<Whose, Whose>>> = {
  foreign: 'nothing',
  stranger: 'nothing',
  'foreign under own': 'nothing under own',
};

/** The cell whose answer must not differ by a byte, because what is somebody else's is as good as nothing. */
export function asGoodAsNothing(cell: Cell, cells: readonly Cell[]): Cell | undefined {
  const twin = AS_GOOD_AS[cell.whose];
  if (cell.expected !== 404 || twin === undefined) return undefined;
  return cells.find(({ caller, whose }) => caller === cell.caller && whose === twin);
}
