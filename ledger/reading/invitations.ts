// Invitations as people read them: those of an organization, the one of a link, and those to somebody's address.
import type { Pool } from '../database.ts';
import type { MemberRole } from '../members.ts';
import { hashSecret, secretKind } from '../secrets.ts';

/** Where an invitation stands; one that has expired may be sent again, unless a newer one took its place. */
export const invitationStates = ['pending', 'expired', 'accepted', 'declined', 'revoked'] as const;

export type InvitationState = (typeof invitationStates)[number];

export interface InvitationReading {
  readonly id: string;
  readonly organization: { readonly id: string; readonly name: string };
  readonly email: string;
  readonly role: MemberRole;
  readonly state: InvitationState;
  readonly invitedBy: { readonly id: string; readonly name: string };
  readonly sends: number;
  readonly createdAt: Date;
  readonly sentAt: Date;
  readonly expiresAt: Date;
  readonly endedAt: Date | undefined;
}

interface InvitationRow {
  id: string;
  organization_id: string;
  organization_name: string;
  email: string;
  role: MemberRole;
  state: InvitationState;
  inviter_id: string;
  inviter_name: string;
  sends: number;
  created_at: Date;
  sent_at: Date;
  expires_at: Date;
  ended_at: Date | null;
}

/** `$1` is the time it is. */
const INVITATIONS = `
  select i.id, i.organization_id, o.name as organization_name, i.email, i.role, i.inviter_id, p.name as inviter_name,
    case when i.status = 'pending' and i.expires_at <= $1::timestamptz then 'expired' else i.status end as state,
    i.sends, i.created_at, i.sent_at, i.expires_at, i.ended_at
  from auth.invitations i
  join auth.organizations o on o.id = i.organization_id
  join auth.people p on p.id = i.inviter_id`;

const LIST_OF_ORGANIZATION = `
  select * from (${INVITATIONS} where i.organization_id = $2::uuid) i
  where ($3::text is null or state = $3::text) and ($4::uuid is null or id < $4::uuid)
  order by id desc limit $5::int4`;

/** Invitations of an organization, newest first, in one state or in all; `before` is the last one already read. */
export async function listInvitations(
  pool: Pool,
  page: {
    organizationId: string;
    state: InvitationState | undefined;
    before: string | undefined;
    limit: number;
  },
  now: Date,
): Promise<InvitationReading[]> {
  const values = [now, page.organizationId, page.state ?? null, page.before ?? null, page.limit];
  const { rows } = await pool.query<InvitationRow>(LIST_OF_ORGANIZATION, values);
  return rows.map(fromRow);
}

const FIND_BY_ID = `${INVITATIONS} where i.id = $2::uuid and i.organization_id = $3::uuid`;

/** An invitation of an organization. */
export async function findInvitation(
  pool: Pool,
  invitation: { id: string; organizationId: string },
  now: Date,
): Promise<InvitationReading | undefined> {
  const values = [now, invitation.id, invitation.organizationId];
  const { rows } = await pool.query<InvitationRow>(FIND_BY_ID, values);
  return rows.map(fromRow)[0];
}

const FIND_BY_SECRET = `${INVITATIONS} where i.secret_hash = $2::bytea`;

/** The invitation of a link; a mistyped secret is known without a lookup. */
export async function findInvitationBySecret(
  pool: Pool,
  secret: string,
  now: Date,
): Promise<InvitationReading | undefined> {
  if (secretKind(secret) !== 'invitation') return undefined;
  const { rows } = await pool.query<InvitationRow>(FIND_BY_SECRET, [now, hashSecret(secret)]);
  return rows.map(fromRow)[0];
}

const LIST_TO_PERSON = `
  ${INVITATIONS} join auth.people t on t.id = $2::uuid and t.email_verified and i.email = lower(t.email)
  where i.status = 'pending' and i.expires_at > $1::timestamptz
  order by i.id desc`;

/** The invitations that wait for a person: those to their verified address. */
export async function listInvitationsTo(
  pool: Pool,
  personId: string,
  now: Date,
): Promise<InvitationReading[]> {
  const { rows } = await pool.query<InvitationRow>(LIST_TO_PERSON, [now, personId]);
  return rows.map(fromRow);
}

function fromRow(row: InvitationRow): InvitationReading {
  return {
    id: row.id,
    organization: { id: row.organization_id, name: row.organization_name },
    email: row.email,
    role: row.role,
    state: row.state,
    invitedBy: { id: row.inviter_id, name: row.inviter_name },
    sends: row.sends,
    createdAt: row.created_at,
    sentAt: row.sent_at,
    expiresAt: row.expires_at,
    endedAt: row.ended_at ?? undefined,
  };
}
