// Which API keys a caller reaches: their own, or as owner, admin or program all of the organization.
import { validate as isUuid } from 'uuid';
import { type AccountAccess, isAllowed, rolesWith } from './access.ts';
import { callerId, type Principal } from './principal.ts';
import { Problem } from './problem.ts';

/** To what a right to keys is narrowed, in words; and where it is narrowed for members alone. */
export const OWN_KEYS = 'their own keys';
export const ONLY_OWN_KEYS = { member: OWN_KEYS } as const;

/** The roles of those who reach the keys of others. */
export const STEWARDS = rolesWith('manage-all-keys');

/** The key that a path names, within the caller's reach. */
export function keyOf(apiKeyId: string, access: AccountAccess, principal: Principal) {
  const memberId = onlyMember(access, principal);
  return { id: keyId(apiKeyId), accountId: access.accountId, memberId, stewards: STEWARDS };
}

/** The id of a path; what is none answers like a key that does not exist. */
export function keyId(apiKeyId: string): string {
  if (isUuid(apiKeyId)) return apiKeyId;
  throw notFound();
}

/** Whose keys the caller reaches: their own, or (undefined) everybody's. */
export function onlyMember(access: AccountAccess, principal: Principal): string | undefined {
  return isAllowed(access, 'manage-all-keys') ? undefined : callerId(principal);
}

/** What was found, or `not-found`. */
export function existingKey<T>(found: T | undefined): T {
  if (found === undefined) throw notFound();
  return found;
}

function notFound(): Problem {
  return new Problem('not-found', 'There is no such API key, or it is not within your reach.');
}
