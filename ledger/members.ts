// Members: who belongs to an organization, in which role, and how that changes.
import { v7 as uuidv7 } from 'uuid';
import type { Connection, Pool } from './database.ts';
import { asMember, lockRole, type MemberActing, type Membership } from './membership.ts';

export type MemberRole = 'owner' | 'admin' | 'member';

const INSERT_MEMBER = `
  insert into auth.members (id, organization_id, person_id, role, created_at, invitation_id)
  values ($1::uuid, $2::uuid, $3::uuid, $4::text, $5::timestamptz, $6::uuid)`;

/** Takes a person into an organization. Give a `Connection` to do it within a transaction. */
export async function addMember(
  db: Pool | Connection,
  member: {
    organizationId: string;
    personId: string;
    role: MemberRole;
    now: Date;
    /** The invitation that they accepted. */
    invitationId?: string;
  },
): Promise<void> {
  const { organizationId, personId, role, now, invitationId } = member;
  await db.query(INSERT_MEMBER, [uuidv7(), organizationId, personId, role, now, invitationId ?? null]);
}

const SET_ROLE = `
  update auth.members set role = $3::text
  where organization_id = $1::uuid and person_id = $2::uuid and role <> $3::text`;

/**
 * Changes a member's role; a sponsor who is no longer owner or admin takes the card along. Returns whether there is
 * such a member. Raises `forbidden`, `last-owner`.
 */
export function changeRole(
  pool: Pool,
  acting: MemberActing,
  member: { personId: string; role: MemberRole },
  now: Date,
): Promise<boolean> {
  return asMember(pool, acting, 'manage-members', now, async (membership) => {
    const before = await lockManagedRole(membership, member.personId);
    if (before === undefined) return false;
    if (member.role === 'owner') membership.mustMay('manage-owners');
    const { connection, organizationId } = membership;
    await connection.query(SET_ROLE, [organizationId, member.personId, member.role]);
    return true;
  });
}

/** The key of a member who is removed, and the member who answers for it from then on. */
export interface HandOver {
  readonly apiKeyId: string;
  readonly personId: string;
}

/** How a removal went; without an outcome of its own nothing was changed. */
export type Removal = 'removed' | 'no-member' | 'no-key' | 'no-heir';

const COUNT_KEYS = `
  select count(*)::int4 as found from api_keys
  where id = any ($1::uuid[]) and account_id = $2::uuid and member_id = $3::uuid and revoked_at is null`;

const COUNT_HEIRS = `
  select count(*)::int4 as found from auth.members
  where organization_id = $1::uuid and person_id = any ($2::uuid[]) and person_id <> $3::uuid`;

const HAND_OVER = 'select hand_over_api_key($1::uuid, $2::uuid, $3::timestamptz)';

const DELETE_MEMBER = 'delete from auth.members where organization_id = $1::uuid and person_id = $2::uuid';

const TELL_REMOVED = `
  select tell_person(format('removed:%s:%s:%s', $1::uuid, $2::uuid, extract(epoch from $4::timestamptz)),
    'member-removed', $2::uuid, $3::uuid, '{}', $4::timestamptz)`;

/**
 * Removes a member. Their keys are revoked, but for those handed over: these work on under the same secret, and another
 * member answers for them. Raises `forbidden`, `last-owner`.
 */
export function removeMember(
  pool: Pool,
  acting: MemberActing,
  member: { personId: string; handOver: readonly HandOver[] },
  now: Date,
): Promise<Removal> {
  return asMember(pool, acting, 'manage-members', now, async (membership) => {
    const { connection, organizationId, accountId } = membership;
    const { personId } = member;
    if ((await lockManagedRole(membership, personId)) === undefined) return 'no-member';
    const keys = new Map(member.handOver.map((one) => [one.apiKeyId, one.personId]));
    const heirs = [...new Set(keys.values())];
    if ((await count(connection, COUNT_KEYS, [[...keys.keys()], accountId, personId])) < keys.size)
      return 'no-key';
    if ((await count(connection, COUNT_HEIRS, [organizationId, heirs, personId])) < heirs.length)
      return 'no-heir';
    for (const [apiKeyId, heir] of keys) await connection.query(HAND_OVER, [apiKeyId, heir, now]);
    await connection.query(DELETE_MEMBER, [organizationId, personId]);
    if (personId !== acting.personId)
      await connection.query(TELL_REMOVED, [organizationId, personId, accountId, now]);
    return 'removed';
  });
}

/** Lets the acting member go, and revokes their keys. Raises `last-owner`. */
export function leaveOrganization(pool: Pool, acting: MemberActing, now: Date): Promise<void> {
  return asMember(pool, acting, 'leave-organization', now, async ({ connection, organizationId }) => {
    await connection.query(DELETE_MEMBER, [organizationId, acting.personId]);
  });
}

/** The role of a member who is to be changed: an owner only by those who may. */
async function lockManagedRole(
  { connection, organizationId, mustMay }: Membership,
  personId: string,
): Promise<MemberRole | undefined> {
  const role = await lockRole(connection, organizationId, personId);
  if (role === 'owner') mustMay('manage-owners');
  return role;
}

async function count(connection: Connection, statement: string, values: unknown[]): Promise<number> {
  const { rows } = await connection.query<{ found: number }>(statement, values);
  return rows[0]?.found ?? 0;
}
