// What the server refused, told where it belongs: beside a field, or below the whole form.
import { messageOf, ProblemError } from '../../api/problem.ts';

/** Field → what is wrong with it, in the words of the person who fills it in. */
export type Faults<F extends string> = Readonly<Partial<Record<F, string | undefined>>>;

/** The code of a problem, or a field of the request → the field of the form that it is about. */
export type Refusals<F extends string> = Readonly<Partial<Record<string, F>>>;

export interface Told<F extends string> {
  readonly beside: ReadonlyMap<F, string>;
  /** What is about no field. */
  readonly rest: string | undefined;
}

/** Tells a refusal to the fields it is about. */
export function tell<F extends string>(
  error: unknown,
  fields: readonly F[],
  refusals: Refusals<F> = {},
): Told<F> {
  const beside = new Map<F, string>();
  if (error === null) return { beside, rest: undefined };
  if (!(error instanceof ProblemError)) return { beside, rest: messageOf(error) };
  for (const [pointer, detail] of error.fields) {
    const [asked = ''] = pointer.split('/');
    const field = refusals[asked] ?? fields.find((one) => one === asked);
    if (field !== undefined) beside.set(field, detail);
  }
  const ofCode = refusals[error.code];
  if (ofCode !== undefined && !beside.has(ofCode)) beside.set(ofCode, error.message);
  return { beside, rest: beside.size > 0 ? undefined : messageOf(error) };
}
