// Organizations: made with their first owner, renamed, closed for good; and the one a session has at hand.
import pg from 'pg';
import { type Actor, withActing } from './acting.ts';
import type { Connection, Pool } from './database.ts';
import { addMember } from './members.ts';
import { asMember, type MemberActing } from './membership.ts';
import { type Nanos, nanosFromString } from './money.ts';
import { Refusal } from './refusal.ts';

export interface Organization {
  readonly id: string;
  readonly name: string;
  readonly slug: string;
  readonly accountId: string;
  readonly createdAt: Date;
  readonly closedAt: Date | undefined;
}

interface OrganizationRow {
  id: string;
  name: string;
  slug: string;
  account_id: string;
  created_at: Date;
  closed_at: Date | null;
}

const FIND_ORGANIZATION = `
  select o.id, o.name, o.slug, a.id as account_id, o.created_at, o.closed_at
  from auth.organizations o join accounts a on a.owner_type = 'organization' and a.owner_id = o.id
  where o.id = $1::uuid`;

export async function findOrganization(db: Pool | Connection, id: string): Promise<Organization | undefined> {
  const { rows } = await db.query<OrganizationRow>(FIND_ORGANIZATION, [id]);
  return rows.map(({ account_id, created_at, closed_at, ...row }) => ({
    ...row,
    accountId: account_id,
    createdAt: created_at,
    closedAt: closed_at ?? undefined,
  }))[0];
}

const INSERT_ORGANIZATION = `
  insert into auth.organizations (id, name, slug, created_at)
  values ($1::uuid, $2::text, $3::text, $4::timestamptz)
  on conflict (slug) do nothing`;

/**
 * Makes an organization with its account and its first owner, all or nothing; the first of `slugs` that is free is
 * its. The same id again is the same organization. Raises `slug-taken` when none is free.
 */
export function createOrganization(
  pool: Pool,
  actor: Actor,
  organization: { id: string; name: string; slugs: readonly string[]; ownerId: string },
  now: Date,
): Promise<Organization> {
  const { id, name, slugs, ownerId } = organization;
  return withActing(pool, actor, now, async (connection) => {
    const known = await findOrganization(connection, id);
    if (known !== undefined) return known;
    for (const slug of slugs) {
      const { rowCount } = await connection.query(INSERT_ORGANIZATION, [id, name, slug, now]);
      if (rowCount === 0) continue;
      await addMember(connection, { organizationId: id, personId: ownerId, role: 'owner', now });
      return required(await findOrganization(connection, id));
    }
    throw slugTaken(slugs[0] ?? '');
  });
}

const RENAME_ORGANIZATION = `
  update auth.organizations set name = coalesce($2::text, name), slug = coalesce($3::text, slug) where id = $1::uuid`;

/** Gives an organization another name or slug. Raises `slug-taken`, `forbidden`. */
export function renameOrganization(
  pool: Pool,
  acting: MemberActing,
  names: { name: string | undefined; slug: string | undefined },
  now: Date,
): Promise<Organization> {
  return asMember(pool, acting, 'rename-organization', now, async ({ connection, organizationId }) => {
    const { name, slug } = names;
    await connection
      .query(RENAME_ORGANIZATION, [organizationId, name ?? null, slug ?? null])
      .catch((error: unknown) => {
        throw error instanceof pg.DatabaseError && error.constraint === 'slug-taken'
          ? slugTaken(slug ?? '')
          : error;
      });
    return required(await findOrganization(connection, organizationId));
  });
}

const CLOSE_ORGANIZATION = 'select close_organization($1::uuid, $2::timestamptz)';

const READ_REMAINDER = `
  select (posted + pending)::text as remainder from account_balances where account_id = $1::uuid`;

/**
 * Closes an organization for good; see the function in migration 0018. Returns it with what it leaves on its balance.
 * Raises `forbidden`.
 */
export function closeOrganization(
  pool: Pool,
  acting: MemberActing,
  now: Date,
): Promise<Organization & { readonly remainder: Nanos }> {
  return asMember(pool, acting, 'close-organization', now, async (membership) => {
    const { connection, organizationId, accountId } = membership;
    await connection.query(CLOSE_ORGANIZATION, [organizationId, now]);
    const { rows } = await connection.query<{ remainder: string }>(READ_REMAINDER, [accountId]);
    const { remainder } = required(rows[0]);
    const closed = required(await findOrganization(connection, organizationId));
    return { ...closed, remainder: nanosFromString(remainder) };
  });
}

const SET_ACTIVE_ORGANIZATION = `
  update auth.sessions set active_organization_id = $3::uuid
  where id = $1::uuid and person_id = $2::uuid and ($3::uuid is null or exists (
    select from auth.members m where m.organization_id = $3::uuid and m.person_id = $2::uuid))`;

/** Remembers, for one session, which organization its person looks at. Returns whether they are a member there. */
export async function setActiveOrganization(
  pool: Pool,
  session: { sessionId: string; personId: string },
  organizationId: string | null,
): Promise<boolean> {
  const values = [session.sessionId, session.personId, organizationId];
  const { rowCount } = await pool.query(SET_ACTIVE_ORGANIZATION, values);
  return rowCount === 1;
}

function slugTaken(slug: string): Refusal {
  return new Refusal('slug-taken', `The slug ${slug} belongs to another organization.`);
}

function required<T>(found: T | undefined): T {
  if (found === undefined) throw new Error('an organization that was stored did not come back');
  return found;
}
