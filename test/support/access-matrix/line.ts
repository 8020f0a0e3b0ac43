// A line of the matrix: for one route what every caller may expect, written by hand, and a request that is valid there.
import { type Answer, type Caller, callers } from '../../../dev/access/callers.ts';
import type { Things } from './things.ts';
import type { CallerInWorld, World } from './world.ts';

/** Caller → what it may expect on the things of its own organization. */
export type Row = Readonly<Record<Caller, Answer>>;

export interface RequestParts {
  readonly body?: unknown;
  /** With its question mark. */
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Who asks, with what things, in which world. */
export interface Asking {
  readonly caller: CallerInWorld;
  readonly things: Things;
  readonly world: World;
}

export interface Line {
  /** `GET /v1/accounts/{accountId}`, as in the OpenAPI document. */
  readonly route: string;
  readonly row: Row;
  /** What the request has beside its path, which is filled from the things. */
  readonly request?: (asking: Asking) => RequestParts;
  /** Whether the route narrows a right in its handler. */
  readonly narrowed?: true;
  /** Where a thing can be a colleague's: who is answered how. */
  readonly onColleagues?: Readonly<Partial<Record<Caller, Answer>>>;
  /** The status of `yes`, where that is not a 2xx: the request is let in and finds something else amiss. */
  readonly yesIs?: number;
  /** Where a parameter of the path has another name than the thing that it names. */
  readonly named?: Readonly<Record<string, keyof Things>>;
  /** What those who may are answered on a thing that is somebody else's; 404 when this says nothing. */
  readonly onForeignThing?: Answer;
  /** Parameters of the path that are no thing of anybody. */
  readonly path?: Readonly<Record<string, string>>;
}

/** A row written down in the order of the callers: `yes` or a status for each of them. */
export function row(text: string): Row {
  const answers = text.trim().split(/\s+/).map(answer);
  if (answers.length !== callers.length) throw new Error(`a row has ${callers.length} answers: ${text}`);
  const found = new Map(callers.map((caller, index) => [caller, answers[index] ?? 'yes'] as const));
  const of = (caller: Caller): Answer => found.get(caller) ?? 'yes';
  return {
    owner: of('owner'),
    admin: of('admin'),
    member: of('member'),
    'former member': of('former member'),
    outsider: of('outsider'),
    nobody: of('nobody'),
    gateway: of('gateway'),
    'operator read': of('operator read'),
    'operator money': of('operator money'),
    'operator prices': of('operator prices'),
    'token read': of('token read'),
    'token keys': of('token keys'),
  };
}

function answer(word: string): Answer {
  switch (word) {
    case 'yes':
      return 'yes';
    case '401':
      return 401;
    case '403':
      return 403;
    case '404':
      return 404;
    default:
      throw new Error(`no answer is called ${word}`);
  }
}
