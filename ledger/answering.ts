// Answering an invitation: only the person it is for, once, as long as it stands.
import { type Actor, withActing } from './acting.ts';
import type { Connection, Pool } from './database.ts';
import { invitationOver } from './invitations.ts';
import { addMember, type MemberRole } from './members.ts';
import { lockOrganization, lockRole } from './membership.ts';
import { Refusal } from './refusal.ts';
import { hashSecret, secretKind } from './secrets.ts';

/** Which invitation: by the secret in its link, or by its id. */
export type InvitationReference = { readonly secret: string } | { readonly id: string };

const FIND = `
  select id, organization_id from auth.invitations
  where ($1::uuid is not null and id = $1::uuid) or ($2::bytea is not null and secret_hash = $2::bytea)`;

const HOLD_PERSON = 'select from auth.people where id = $1::uuid for key share';

const LOCK = `
  select i.secret_hash, i.role, i.status, i.expires_at,
    p.email_verified and lower(p.email) = i.email as is_theirs
  from auth.invitations i, auth.people p
  where i.id = $1::uuid and p.id = $2::uuid
  for update of i`;

interface LockedRow {
  secret_hash: Buffer;
  role: MemberRole;
  status: string;
  expires_at: Date;
  is_theirs: boolean;
}

const ACCEPTED = `update auth.invitations set status = 'accepted', ended_at = $2::timestamptz where id = $1::uuid`;
const DECLINED = `update auth.invitations set status = 'declined', ended_at = $2::timestamptz where id = $1::uuid`;

interface Answerer {
  readonly personId: string;
  readonly actor: Actor;
}

/**
 * Makes the person a member, in the role the invitation names; returns the organization. Raises
 * `invitation-not-found`, `invitation-not-yours`, `invitation-over`, `already-member`.
 */
export function acceptInvitation(
  pool: Pool,
  answerer: Answerer,
  reference: InvitationReference,
  now: Date,
): Promise<string> {
  return answer(pool, answerer, reference, now, async (connection, { id, organizationId, role }) => {
    const { personId } = answerer;
    if ((await lockRole(connection, organizationId, personId)) !== undefined)
      throw new Refusal('already-member', 'You are a member of this organization already.');
    await connection.query(ACCEPTED, [id, now]);
    await addMember(connection, { organizationId, personId, role, now, invitationId: id });
  });
}

/** Ends the invitation without making anybody a member. Raises what `acceptInvitation` does. */
export function declineInvitation(
  pool: Pool,
  answerer: Answerer,
  reference: InvitationReference,
  now: Date,
): Promise<string> {
  return answer(pool, answerer, reference, now, async (connection, { id }) => {
    await connection.query(DECLINED, [id, now]);
  });
}

interface Answered {
  readonly id: string;
  readonly organizationId: string;
  readonly role: MemberRole;
}

function answer(
  pool: Pool,
  { personId, actor }: Answerer,
  reference: InvitationReference,
  now: Date,
  work: (connection: Connection, invitation: Answered) => Promise<void>,
): Promise<string> {
  return withActing(pool, actor, now, async (connection) => {
    const { id, organizationId } = await find(connection, reference);
    await lockOrganization(connection, organizationId);
    // before the invitation, as whoever erases this person does
    await connection.query(HOLD_PERSON, [personId]);
    const { rows } = await connection.query<LockedRow>(LOCK, [id, personId]);
    const [found] = rows;
    // sent again a moment ago: the link is no longer one of this invitation
    if (
      found === undefined ||
      ('secret' in reference && !hashSecret(reference.secret).equals(found.secret_hash))
    )
      throw invitationNotFound();
    // by an id alone nobody learns that there is an invitation; whoever has the link knows it
    if (!found.is_theirs && !('secret' in reference)) throw invitationNotFound();
    if (!found.is_theirs)
      throw new Refusal(
        'invitation-not-yours',
        'The invitation is for another e-mail address than your verified one.',
      );
    if (found.status !== 'pending') throw invitationOver(found.status);
    if (found.expires_at <= now)
      throw new Refusal('invitation-over', 'The invitation has expired: ask for it to be sent again.');
    await work(connection, { id, organizationId, role: found.role });
    return organizationId;
  });
}

async function find(
  connection: Connection,
  reference: InvitationReference,
): Promise<{ id: string; organizationId: string }> {
  const isSecret = 'secret' in reference;
  if (isSecret && secretKind(reference.secret) !== 'invitation') throw invitationNotFound();
  const values = isSecret ? [null, hashSecret(reference.secret)] : [reference.id, null];
  const { rows } = await connection.query<{ id: string; organization_id: string }>(FIND, values);
  const [found] = rows;
  if (found === undefined) throw invitationNotFound();
  return { id: found.id, organizationId: found.organization_id };
}

function invitationNotFound(): Refusal {
  return new Refusal(
    'invitation-not-found',
    'There is no such invitation: the newest mail has the link that works.',
  );
}
