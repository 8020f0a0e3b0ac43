// Asking: a request of a line, sent as it is or spoiled on purpose.
import type { Operation } from '../../../dev/access/operations.ts';
import type { CallOptions, TestApi } from '../api.ts';
import { type Called, called } from './call.ts';
import { type Cell, thingsOfCell } from './cells.ts';
import { callerOf, type World } from './world.ts';

/** A request of a cell: where it goes and with what. */
export interface Asked {
  readonly method: string;
  /** Path and query. */
  readonly address: string;
  readonly options: CallOptions;
}

/** The request of a cell; `spoil` changes it before it is sent. */
export async function ask(
  api: TestApi,
  world: World,
  cell: Cell,
  spoil: (asked: Asked) => Asked = (asked) => asked,
): Promise<Called> {
  const { method, address, options } = spoil(requestOf(world, cell));
  return called(await api.call(method, address, options));
}

/** What a cell's request consists of. Throws when the path names something that the things do not have. */
export function requestOf(world: World, cell: Cell): Asked {
  const { operation, line } = cell;
  const caller = callerOf(world, cell.caller);
  const things = thingsOfCell(world, cell);
  if (things === undefined) throw new Error(`${cell.caller} has no ${cell.whose} things`);
  const named = new Map<string, string>([...Object.entries(things), ...Object.entries(line.path ?? {})]);
  const { query = '', body, headers } = line.request?.({ caller, things, world }) ?? {};
  return {
    method: operation.method,
    address: filled(operation, line.named ?? {}, named) + query,
    options: { token: caller.token, body, ...(headers && { headers }) },
  };
}

function filled(
  { path }: Operation,
  otherNames: Readonly<Record<string, string>>,
  named: ReadonlyMap<string, string>,
): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = named.get(otherNames[name] ?? name);
    if (value === undefined)
      throw new Error(`${path} names {${name}}: add it to the things, or to the line of the route`);
    return value;
  });
}
