// Problems: what the API says went wrong (RFC 9457), as something that a form or a page can show.
import type { SchemaProblem } from './schema.d.ts';

/** An answer other than success. `code` is for programs, `message` for the person in front of the page. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly code: string;
  readonly status: number;
  readonly fields: ReadonlyMap<string, string>;

  constructor(problem: Partial<SchemaProblem>, status: number) {
    super(problem.detail ?? problem.title ?? 'Something went wrong.');
    this.code = problem.code ?? 'unknown';
    this.status = status;
    this.fields = new Map((problem.errors ?? []).map(({ pointer, detail }) => [pointer.slice(1), detail]));
  }
}

/** The server could not be reached at all. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
  constructor() {
    super('Coffer cannot be reached. Check your connection and try again.');
  }
}

/** What to tell a person about any error. */
export function messageOf(error: unknown): string {
  if (error instanceof ProblemError && error.code === 'rate-limited')
    return `That was tried too often. ${error.message}`;
  return error instanceof ProblemError || error instanceof Unreachable
    ? error.message
    : 'Something went wrong in this page. Reload it and try again.';
}
