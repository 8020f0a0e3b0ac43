// Answers: what of an answer tells it from another one, and whether the OpenAPI document describes it.
import type { Operation } from '../../../dev/access/operations.ts';

export interface Called {
  readonly status: number;
  readonly contentType: string;
  /** The body without what names this very request; empty for a stream, which never ends. */
  readonly body: string;
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
