// What a failed flush says: whether its data or a missing day is to blame.
import { hasCode } from '../database.ts';

/** A day's partition was dropped or never made. */
export function isDayMissing(error: unknown): boolean {
  return hasCode(error, '23514') && /^no partition of relation/.test(messageOf(error));
}

/** Errors of SQLSTATE classes that a value causes: data, constraints, limits, raised refusals. */
export function isAboutData(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    /^(22|23|54|P0)/.test(String(error.code)) &&
    !isDayMissing(error)
  );
}

/** What was thrown, in words. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
