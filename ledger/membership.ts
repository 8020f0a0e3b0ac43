// Membership: transactions in which a member of an organization acts, with their right judged under its locks.
import { type Actor, withActing } from './acting.ts';
import type { Connection, Pool } from './database.ts';
import type { MemberRole } from './members.ts';
import { Refusal } from './refusal.ts';

/** What members may do to their organization; who may is the API's table to say. */
export type OrganizationRight =
  | 'manage-members'
  | 'manage-owners'
  | 'manage-tokens'
  | 'rename-organization'
  | 'leave-organization'
  | 'close-organization';

/** A person who acts in an organization, and the table that says which role has which right. */
export interface MemberActing {
  readonly organizationId: string;
  readonly personId: string;
  readonly actor: Actor;
  readonly rolesWith: (right: OrganizationRight) => readonly string[];
}

/** The open transaction, in which nobody else changes the organization or its members. */
export interface Membership {
  readonly connection: Connection;
  readonly organizationId: string;
  readonly accountId: string;
  /** Throws `forbidden` when the role that the member has now lacks a right. */
  mustMay(right: OrganizationRight): void;
}

const LOCK_ORGANIZATION = 'select lock_organization($1::uuid) as account_id';

/** Locks an organization against every other change of its members until the transaction ends; returns its account. */
export async function lockOrganization(connection: Connection, organizationId: string): Promise<string> {
  const { rows } = await connection.query<{ account_id: string | null }>(LOCK_ORGANIZATION, [organizationId]);
  const accountId = rows[0]?.account_id ?? null;
  if (accountId === null) throw unseen();
  return accountId;
}

/** Somebody's role, locked until the transaction ends; `undefined` when they are no member. */
export async function lockRole(
  connection: Connection,
  organizationId: string,
  personId: string,
): Promise<MemberRole | undefined> {
  const { rows } = await connection.query<{ role: MemberRole }>(LOCK_ROLE, [organizationId, personId]);
  return rows[0]?.role;
}

const LOCK_ROLE = `
  select role from auth.members where organization_id = $1::uuid and person_id = $2::uuid for update`;

const IS_OWN_ACCOUNT = `
  select from accounts where id = $1::uuid and owner_type = 'person' and owner_id = $2::uuid`;

const HOLD_ROLE = `
  select from auth.members m join accounts a on a.owner_type = 'organization' and a.owner_id = m.organization_id
  where a.id = $1::uuid and m.person_id = $2::uuid and m.role = any ($3::text[])
  for share of m`;

/**
 * Whether an account is a person's own, or they have one of the roles in its organization; that stays so until the
 * transaction ends. Ask it with the account's balance row locked before, if at all, and its keys after.
 */
export async function holdRole(
  connection: Connection,
  person: { readonly accountId: string; readonly personId: string; readonly roles: readonly string[] },
): Promise<boolean> {
  const { accountId, personId, roles } = person;
  const own = await connection.query(IS_OWN_ACCOUNT, [accountId, personId]);
  if (own.rowCount === 1) return true;
  return (await connection.query(HOLD_ROLE, [accountId, personId, roles])).rowCount === 1;
}

/**
 * Runs `work` in one transaction in a member's name. The right is judged here again: who was demoted or removed a
 * moment ago gets `forbidden` or `organization-not-found`, whatever they were allowed when the request began.
 */
export function asMember<T>(
  pool: Pool,
  acting: MemberActing,
  right: OrganizationRight,
  now: Date,
  work: (membership: Membership) => Promise<T>,
): Promise<T> {
  const { organizationId, personId, actor, rolesWith } = acting;
  return withActing(pool, actor, now, async (connection) => {
    const accountId = await lockOrganization(connection, organizationId);
    const role = await lockRole(connection, organizationId, personId);
    if (role === undefined) throw unseen();
    const mustMay: Membership['mustMay'] = (needed) => {
      const roles = rolesWith(needed);
      if (!roles.includes(role))
        throw new Refusal('forbidden', `Your role here is ${role}; this needs ${roles.join(' or ')}.`);
    };
    mustMay(right);
    return work({ connection, organizationId, accountId, mustMay });
  });
}

function unseen(): Refusal {
  return new Refusal('organization-not-found', 'There is no such organization, or it is not yours to see.');
}
