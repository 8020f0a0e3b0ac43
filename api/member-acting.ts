// A member who acts in an organization, as the ledger wants it: who, where, and the one table of rights.
import type { Actor } from '../ledger/acting.ts';
import type { MemberActing } from '../ledger/membership.ts';
import { type AccountAccess, requirePerson, rolesWith } from './access.ts';
import type { Principal } from './principal.ts';

/** The caller of a route on an organization, ready to change it. */
export function memberActing(context: {
  readonly access: AccountAccess;
  readonly principal: Principal;
  readonly actor: Actor;
}): MemberActing {
  const { access, principal, actor } = context;
  return {
    organizationId: access.ownerId,
    personId: requirePerson(principal).personId,
    actor,
    rolesWith,
  };
}
