// Faults of input to better-auth's routes: an answer of 4xx for what its own checks let through to SQL.

/** Better-auth's form of an error, for a fault that was the caller's: undefined when it was not. */
export function inputFault(error: unknown): { status: number; code: string; message: string } | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const code = 'code' in error ? String(error.code) : '';
  if (/^22\w{3}$/.test(code)) {
    return {
      status: 400,
      code: 'INPUT_INVALID',
      message: 'A value is not of the form that is expected here.',
    };
  }
  if (code === '23505') {
    return { status: 409, code: 'ALREADY_EXISTS', message: 'This exists already: choose another.' };
  }
  return undefined;
}
