// Invitations: asking somebody by e-mail to join an organization, with a link that works once and for seven days.
import type { Pool } from './database.ts';
import type { MemberRole } from './members.ts';
import { asMember, type MemberActing, type Membership } from './membership.ts';
import { Refusal } from './refusal.ts';
import { createSecret, hashSecret } from './secrets.ts';

/** How long a link works after it was sent. */
const VALID_MS = 7 * 24 * 60 * 60 * 1000;

/** How many invitations of an organization may wait for an answer. */
export const MOST_PENDING = 100;

const FIND_OBSTACLE = `
  select
    exists (
      select from auth.members m join auth.people p on p.id = m.person_id
      where m.organization_id = $1::uuid and lower(p.email) = $2::text
    ) as is_member,
    exists (
      select from auth.invitations
      where organization_id = $1::uuid and email = $2::text and status = 'pending' and expires_at > $3::timestamptz
    ) as is_invited,
    (
      select count(*)::int4 from auth.invitations
      where organization_id = $1::uuid and status = 'pending' and expires_at > $3::timestamptz
    ) as pending`;

interface ObstacleRow {
  is_member: boolean;
  is_invited: boolean;
  pending: number;
}

const REPLACE_EXPIRED = `
  update auth.invitations set status = 'expired', ended_at = expires_at
  where organization_id = $1::uuid and email = $2::text and status = 'pending'`;

const INSERT_INVITATION = `
  insert into auth.invitations (id, organization_id, email, role, inviter_id, secret_hash, created_at, sent_at, expires_at)
  values ($1::uuid, $2::uuid, $3::text, $4::text, $5::uuid, $6::bytea, $7::timestamptz, $7::timestamptz, $8::timestamptz)
  on conflict (id) do nothing`;

const TELL_INVITED = 'select tell_invited($1::uuid, $2::text, $3::timestamptz)';

const IS_KNOWN = 'select from auth.invitations where id = $1::uuid and organization_id = $2::uuid';

/**
 * Invites whoever reads `email` (in lower case) and has the link sent there. The same id again is the same invitation.
 * Raises `already-member`, `already-invited`, `too-many-invitations`, `forbidden`.
 */
export function invite(
  pool: Pool,
  acting: MemberActing,
  invitation: { id: string; email: string; role: MemberRole },
  now: Date,
): Promise<void> {
  const { id, email, role } = invitation;
  return asMember(pool, acting, 'manage-members', now, async (membership) => {
    const { connection, organizationId } = membership;
    if (role === 'owner') membership.mustMay('manage-owners');
    if ((await connection.query(IS_KNOWN, [id, organizationId])).rowCount === 1) return;
    await requireNoObstacle(membership, email, now);
    const secret = createSecret('invitation');
    await connection.query(REPLACE_EXPIRED, [organizationId, email]);
    await connection.query(INSERT_INVITATION, [
      id,
      organizationId,
      email,
      role,
      acting.personId,
      hashSecret(secret),
      now,
      expiryOf(now),
    ]);
    await connection.query(TELL_INVITED, [id, secret, now]);
  });
}

async function requireNoObstacle(
  { connection, organizationId }: Membership,
  email: string,
  now: Date,
): Promise<void> {
  const { rows } = await connection.query<ObstacleRow>(FIND_OBSTACLE, [organizationId, email, now]);
  const [found] = rows;
  if (found?.is_member) throw new Refusal('already-member', 'Whoever has this address is a member already.');
  if (found?.is_invited)
    throw new Refusal(
      'already-invited',
      'This address is invited already: send that invitation again, or revoke it.',
    );
  if (found !== undefined && found.pending >= MOST_PENDING)
    throw new Refusal(
      'too-many-invitations',
      `At most ${MOST_PENDING} invitations wait for an answer at a time.`,
    );
}

const LOCK_INVITATION = `
  select role, status from auth.invitations where id = $1::uuid and organization_id = $2::uuid for update`;

interface LockedRow {
  role: MemberRole;
  status: string;
}

const SEND_AGAIN = `
  update auth.invitations set secret_hash = $2::bytea, sends = sends + 1, sent_at = $3::timestamptz,
    expires_at = $4::timestamptz
  where id = $1::uuid`;

/**
 * Sends an invitation again, for another seven days; the link sent before is dead from then on. Returns whether there
 * is such an invitation. Raises `invitation-over`, `forbidden`.
 */
export function sendAgain(pool: Pool, acting: MemberActing, id: string, now: Date): Promise<boolean> {
  return asMember(pool, acting, 'manage-members', now, async (membership) => {
    const found = await lockManaged(membership, id);
    if (found === undefined) return false;
    if (found.status !== 'pending') throw invitationOver(found.status);
    const secret = createSecret('invitation');
    const { connection } = membership;
    await connection.query(SEND_AGAIN, [id, hashSecret(secret), now, expiryOf(now)]);
    await connection.query(TELL_INVITED, [id, secret, now]);
    return true;
  });
}

const REVOKE = `update auth.invitations set status = 'revoked', ended_at = $2::timestamptz where id = $1::uuid`;

/**
 * Takes an invitation back; one that is revoked stays as it is. Returns whether there is such an invitation. Raises
 * `invitation-over` when it was accepted, declined or replaced, and `forbidden`.
 */
export function revokeInvitation(pool: Pool, acting: MemberActing, id: string, now: Date): Promise<boolean> {
  return asMember(pool, acting, 'manage-members', now, async (membership) => {
    const found = await lockManaged(membership, id);
    if (found === undefined) return false;
    if (found.status === 'revoked') return true;
    if (found.status !== 'pending') throw invitationOver(found.status);
    await membership.connection.query(REVOKE, [id, now]);
    return true;
  });
}

/** An invitation that is to be changed: one to become an owner only by those who may make owners. */
async function lockManaged(
  { connection, organizationId, mustMay }: Membership,
  id: string,
): Promise<LockedRow | undefined> {
  const { rows } = await connection.query<LockedRow>(LOCK_INVITATION, [id, organizationId]);
  const [found] = rows;
  if (found?.role === 'owner') mustMay('manage-owners');
  return found;
}

/** Why an invitation can no longer be answered or sent. */
export function invitationOver(status: string): Refusal {
  return new Refusal(
    'invitation-over',
    `The invitation was ${status === 'expired' ? 'replaced by a newer one' : status}.`,
  );
}

function expiryOf(sentAt: Date): Date {
  return new Date(sentAt.getTime() + VALID_MS);
}
