// Where a person finds an account in the console: their own, or an organization's by its slug.
import type { Pool } from '../database.ts';

const FIND_CONTEXT = `
  select o.slug from accounts a
  left join auth.members m on a.owner_type = 'organization' and m.organization_id = a.owner_id and m.person_id = $2::uuid
  left join auth.organizations o on o.id = m.organization_id
  where a.id = $1::uuid and (m.id is not null or (a.owner_type = 'person' and a.owner_id = $2::uuid))`;

/** The slug of the account's organization, null for a person's own account; `undefined` when it is not theirs to see. */
export async function findAccountContext(
  pool: Pool,
  { accountId, personId }: { readonly accountId: string; readonly personId: string },
): Promise<{ readonly slug: string | null } | undefined> {
  const { rows } = await pool.query<{ slug: string | null }>(FIND_CONTEXT, [accountId, personId]);
  return rows[0];
}
