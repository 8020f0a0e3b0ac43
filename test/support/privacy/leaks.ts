// Leaks: secrets found in what others could read.
import type { Secret } from './secrets.ts';

/** The ways in which somebody learns something. */
export const captureKinds = [
  'response',
  'CSV',
  'problem',
  'event stream',
  'mail',
  'audit row',
  'log line',
  'Temporal',
] as const;

export type CaptureKind = (typeof captureKinds)[number];

/** A text that somebody could read. */
export interface Capture {
  readonly kind: CaptureKind;
  /** Where it was read, and by whom. */
  readonly from: string;
  readonly text: string;
}

const OPERATORS_READ: ReadonlySet<CaptureKind> = new Set(['log line', 'Temporal']);

/**
 * Where owners and admins read by which address a member signs in, as they invited them: Stripe has no other one to
 * write to.
 */
const MEMBER_LIST = /^\/v1\/organizations\/[^/ ]+\/members(\/[^/ ]+)? as an (owner|admin) /;

/** One line for each secret in each capture, with what stands around it. */
export function leaksIn(captures: readonly Capture[], secrets: readonly Secret[]): string[] {
  return captures.flatMap(({ kind, from, text }) =>
    secrets.flatMap(({ kind: secret, pattern, forOperators }) => {
      if (forOperators && OPERATORS_READ.has(kind)) return [];
      if (secret === 'billing e-mail' && kind === 'response' && MEMBER_LIST.test(from)) return [];
      const found = pattern.exec(text);
      if (found === null) return [];
      const around = text.slice(Math.max(0, found.index - 60), found.index + found[0].length + 40);
      return [`${kind} from ${from}: ${secret} in …${around}…`];
    }),
  );
}
