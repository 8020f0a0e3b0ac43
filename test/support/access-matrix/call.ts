// Calls: sends the request of a cell, and keeps of the answer what tells one answer from another.
import type { Operation } from '../../../dev/access/operations.ts';
import type { TestApi } from '../api.ts';
import { type Cell, thingsOfCell } from './cells.ts';
import { callerOf, type World } from './world.ts';

export interface Called {
  readonly status: number;
  readonly contentType: string;
  /** The body without what names this very request; empty for a stream, which never ends. */
  readonly body: string;
}

/** Sends a cell's request. */
export async function callCell(api: TestApi, world: World, cell: Cell): Promise<Called> {
  const { operation, line } = cell;
  const caller = callerOf(world, cell.caller);
  const things = thingsOfCell(world, cell);
  if (things === undefined) throw new Error(`${cell.caller} has no ${cell.whose} things`);
  const named = new Map<string, string>([...Object.entries(things), ...Object.entries(line.path ?? {})]);
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = named.get(line.named?.[name] ?? name);
    if (value === undefined)
      throw new Error(`${operation.path} names {${name}}: add it to the things, or to the line`);
    return value;
  });
  const { query = '', body, headers } = line.request?.({ caller, things, world }) ?? {};
  const response = await api.call(operation.method, path + query, {
    token: caller.token,
    body,
    ...(headers && { headers }),
  });
  return called(response);
}

/** Reads an answer. */
export async function called(response: Response): Promise<Called> {
  const contentType = response.headers.get('content-type')?.split(';', 1)[0] ?? '';
  const isStream = contentType === 'text/event-stream';
  if (isStream) await response.body?.cancel();
  const text = isStream ? '' : await response.text();
  return {
    status: response.status,
    contentType,
    body: text.replace(/"instance":"urn:request:[^"]+"/, '"instance":""'),
  };
}

/** What is wrong with an answer by the OpenAPI document; `undefined` when it is documented. */
export function undocumented({ answers }: Operation, { status, contentType }: Called): string | undefined {
  const types = answers.get(status);
  if (types === undefined) return `status ${status} is not documented`;
  if (types.length === 0 ? contentType === '' : types.includes(contentType)) return undefined;
  return `status ${status} comes as ${contentType || 'nothing'}, documented is ${types.join(', ') || 'nothing'}`;
}
