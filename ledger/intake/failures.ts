// What a failed flush says: whether its data, a missing day or a busy database is to blame.

/** Whether Postgres raised `code`, an SQLSTATE. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

/** A day's partition was dropped or never made. */
export function isDayMissing(error: unknown): boolean {
  return hasCode(error, '23514') && /^no partition of relation/.test(messageOf(error));
}

/** A lock or the time for a statement ran out, or a deadlock was broken: nothing was stored, the events are fine. */
export function isDatabaseBusy(error: unknown): boolean {
  return ['57014', '55P03', '40P01', '40001'].some((code) => hasCode(error, code));
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
