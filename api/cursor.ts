// Cursors: where a page ended, opaque to callers; a cursor that is none of ours is a fault of the request.
import { Problem } from './problem.ts';

const INTEGER = /^-?\d{1,19}$/;
const BIGGEST = 2n ** 63n - 1n;

/** A page out of what was found: one more than `limit` was asked for, so that the last page is known as such. */
export function pageFrom<T>(
  found: readonly T[],
  limit: number,
  cursorOf: (item: T) => string,
): { readonly items: readonly T[]; readonly nextCursor: string | null } {
  const items = found.slice(0, limit);
  const last = found.length > limit ? items.at(-1) : undefined;
  return { items, nextCursor: last === undefined ? null : cursorOf(last) };
}

/** Packs the parts of a place into a cursor. */
export function encodeCursor(...parts: readonly (string | bigint)[]): string {
  return Buffer.from(JSON.stringify(parts.map(String))).toString('base64url');
}

/** The parts of a cursor. Throws `request-invalid` when it does not have exactly `count` of them. */
export function decodeCursor(cursor: string, count: number): string[] {
  const parts = parse(Buffer.from(cursor, 'base64url').toString());
  if (parts?.length !== count) throw invalidCursor();
  return parts;
}

/** The parts of a cursor of whole numbers that fit an `int8`. */
export function decodeIntegers(cursor: string, count: number): bigint[] {
  return decodeCursor(cursor, count).map((part) => {
    const value = INTEGER.test(part) ? BigInt(part) : undefined;
    if (value === undefined || value > BIGGEST || value < -BIGGEST) throw invalidCursor();
    return value;
  });
}

/** The problem of a cursor that this list never gave out. */
export function invalidCursor(): Problem {
  const detail = 'This is not a nextCursor of this list.';
  return new Problem('request-invalid', detail, { errors: [{ pointer: '/query/cursor', detail }] });
}

function parse(text: string): string[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every((part) => typeof part === 'string') ? value : undefined;
  } catch {
    return undefined;
  }
}
