// The body of `POST /v1/usage` as events: JSON or NDJSON, in UTF-8 and nothing else.
import { isUtf8 } from 'node:buffer';
import { Problem } from '../problem.ts';
import { UnreadableEvent } from './intake.ts';

/** The most events that a request may have. */
export const MOST_EVENTS = 5_000;

export type BodyFormat = 'json' | 'ndjson';

const JSON_LINES: ReadonlySet<string | undefined> = new Set([
  'application/x-ndjson',
  'application/ndjson',
  'application/jsonl',
]);
const UTF_8: ReadonlySet<string> = new Set(['utf-8', 'utf8', 'us-ascii']);

/** How a body is to be read. Throws `content-type-unsupported`. */
export function formatOf(contentType: string | undefined): BodyFormat {
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase();
  const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(contentType ?? '')?.[1] ?? 'utf-8';
  const isRead = UTF_8.has(charset.toLowerCase());
  if (isRead && type === 'application/json') return 'json';
  if (isRead && JSON_LINES.has(type)) return 'ndjson';
  throw new Problem(
    'content-type-unsupported',
    'Send application/json, or application/x-ndjson with an event a line, in UTF-8.',
  );
}

/**
 * The events of a body. What is not UTF-8 is never repaired: two ids that differ in a broken byte would become one.
 * Throws `request-malformed` for JSON that is none; of NDJSON a broken line is an event that cannot be read.
 */
export function eventsOf(body: Buffer, format: BodyFormat): unknown[] {
  return format === 'json' ? readJson(body) : readLines(body);
}

const BYTE_ORDER_MARK = /^\ufeff/;

function textOf(body: Buffer): string {
  return body.toString('utf8').replace(BYTE_ORDER_MARK, '');
}

function readJson(body: Buffer): unknown[] {
  if (!isUtf8(body)) throw new Problem('request-malformed', 'The body is not UTF-8.');
  try {
    const value: unknown = JSON.parse(textOf(body));
    return Array.isArray(value) ? value : [value];
  } catch {
    throw new Problem('request-malformed', 'The body is not JSON.');
  }
}

function readLines(body: Buffer): unknown[] {
  const events: unknown[] = [];
  let number = 0;
  for (const line of linesOf(body)) {
    number += 1;
    if (line?.trim() === '') continue;
    events.push(
      line === undefined ? new UnreadableEvent(`line ${number} is not UTF-8`) : readLine(line, number),
    );
    // more than enough to refuse it: millions of short lines are not read to the end
    if (events.length > MOST_EVENTS) break;
  }
  return events;
}

/** The lines of a body; `undefined` for one that is not UTF-8. No byte of a longer character is a line feed. */
function linesOf(body: Buffer): readonly (string | undefined)[] {
  if (isUtf8(body)) return textOf(body).split('\n');
  return body
    .toString('latin1')
    .split('\n')
    .map((line) => Buffer.from(line, 'latin1'))
    .map((line) => (isUtf8(line) ? textOf(line) : undefined));
}

function readLine(line: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return new UnreadableEvent(`line ${number} is not JSON`);
  }
}
