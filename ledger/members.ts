// Members: who belongs to an organization, in which role. Better-auth's own routes for this are closed.
import { v7 as uuidv7 } from 'uuid';
import type { Connection, Pool } from './database.ts';

export type MemberRole = 'owner' | 'admin' | 'member';

const INSERT_MEMBER = `
  insert into auth.members (id, organization_id, person_id, role, created_at)
  values ($1::uuid, $2::uuid, $3::uuid, $4::text, $5::timestamptz)`;

/** Takes a person into an organization. Give a `Connection` to do it within a transaction. */
export async function addMember(
  db: Pool | Connection,
  member: { organizationId: string; personId: string; role: MemberRole; now: Date },
): Promise<void> {
  await db.query(INSERT_MEMBER, [uuidv7(), member.organizationId, member.personId, member.role, member.now]);
}
