// What an API key was when usage occurred: whether it still worked, and who held it. Never what it is when usage arrives.
import type { Rejection } from './event.ts';
import type { KnownKey } from './key-directory.ts';

/** How far the clocks of senders may be behind ours: usage that soon after an end still counts. */
const TOLERANCE_MS = 5 * 60_000;

/** Why usage of a time is not taken: the key, or the secret by which it was named, had ended before. */
export function whyRejected(key: KnownKey, occurredAt: Date): Rejection | undefined {
  if (hadEnded(key.revokedAt, occurredAt)) {
    return { code: 'api-key-revoked', detail: `the key was revoked at ${key.revokedAt.toISOString()}` };
  }
  if (hadEnded(key.secretEndsAt, occurredAt)) {
    const at = key.secretEndsAt.toISOString();
    return { code: 'api-key-revoked', detail: `this secret was replaced by another one and ended at ${at}` };
  }
  if (hadEnded(key.expiresAt, occurredAt)) {
    return { code: 'api-key-expired', detail: `the key expired at ${key.expiresAt.toISOString()}` };
  }
  return undefined;
}

/** The member who answered for a key at a time; before its first holder, that one. */
export function holderAt({ holders }: Pick<KnownKey, 'holders'>, occurredAt: Date): string {
  const holder = holders.findLast(({ since }) => since <= occurredAt) ?? holders[0];
  if (holder === undefined) throw new Error('an API key has no holder');
  return holder.memberId;
}

function hadEnded(end: Date | null, occurredAt: Date): end is Date {
  return end !== null && occurredAt.getTime() > end.getTime() + TOLERANCE_MS;
}
