// Rate limits of declared routes: whose attempts a call counts as.
import { callerId, type Principal } from './principal.ts';
import type { Attempt } from './rate-limits.ts';

/** The limits that a route may declare as its `rateLimit`. */
export type RouteRateLimit = 'organizations' | 'invitations' | 'api-keys' | 'top-ups';

/** The attempts that a call costs; `ownerId` is the organization or person whose account it is about. */
export function attemptsOf(
  limit: RouteRateLimit | undefined,
  principal: Principal,
  ownerId?: string,
): Attempt[] {
  if (limit === undefined) return [];
  const own: Attempt = { limit, of: callerId(principal) };
  return limit === 'invitations' && ownerId !== undefined
    ? [{ limit: 'invitations-of-organization', of: ownerId }, own]
    : [own];
}
