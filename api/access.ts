// Access: the one table of who may do what on an account, and the one query that decides who may see it at all.
import { validate as isUuid } from 'uuid';
import type { Pool } from '../ledger/database.ts';
import type { PersonPrincipal, Principal } from './principal.ts';
import { Problem } from './problem.ts';

/** What somebody is to an account: a member of its organization by role, the person it belongs to (as owner), or an operator. */
export type Role = 'owner' | 'admin' | 'member' | 'operator';

/** Right → who has it. Everything that can be done on an account needs exactly one of these. */
export const rights = {
  read: ['owner', 'admin', 'member', 'operator'],
  'add-credit': ['owner', 'admin', 'member'],
  'own-keys': ['owner', 'admin', 'member'],
  'manage-all-keys': ['owner', 'admin'],
  'manage-auto-top-up': ['owner', 'admin'],
  'manage-limits': ['owner', 'admin'],
  'manage-members': ['owner', 'admin'],
  'read-audit': ['owner', 'admin'],
  'manage-owners': ['owner'],
} as const satisfies Record<string, readonly Role[]>;

export type Right = keyof typeof rights;

export interface AccountAccess {
  readonly accountId: string;
  readonly ownerType: 'organization' | 'person';
  /** The organization's or person's id. */
  readonly ownerId: string;
  readonly role: Role;
}

/** Whether a role has a right. */
export function isAllowed(role: Role, right: Right): boolean {
  const roles: readonly Role[] = rights[right];
  return roles.includes(role);
}

/**
 * The caller's access to an account. Throws `account-not-found` for an account that does not exist and, by the same
 * query, for one that is not the caller's to see; `forbidden` for one they see but not with this right.
 */
export async function requireAccount(
  pool: Pool,
  principal: Principal,
  accountId: string,
  right: Right,
): Promise<AccountAccess> {
  const access = isUuid(accountId) ? await findAccess(pool, principal, accountId) : undefined;
  if (access === undefined)
    throw new Problem('account-not-found', 'There is no such account, or it is not yours to see.');
  if (!isAllowed(access.role, right)) {
    throw new Problem(
      'forbidden',
      `Your role here is ${access.role}; this needs ${rights[right].join(' or ')}.`,
    );
  }
  return access;
}

/** The person who calls. Throws `forbidden` for a token of a service: people's own things need a person. */
export function requirePerson(principal: Principal): PersonPrincipal {
  if (principal.kind === 'person') return principal;
  throw new Problem('forbidden', 'This needs the session of a signed-in person.');
}

const FIND_ACCESS = `
  select a.id, a.owner_type, a.owner_id,
    case when $3::boolean then 'operator' when a.owner_type = 'person' then 'owner' else m.role end as role
  from accounts a
  left join auth.members m
    on a.owner_type = 'organization' and m.organization_id = a.owner_id and m.person_id = $2::uuid
  where a.id = $1::uuid
    and ($3::boolean or m.id is not null or (a.owner_type = 'person' and a.owner_id = $2::uuid))`;

interface AccessRow {
  id: string;
  owner_type: 'organization' | 'person';
  owner_id: string;
  role: Role;
}

async function findAccess(
  pool: Pool,
  principal: Principal,
  accountId: string,
): Promise<AccountAccess | undefined> {
  const personId = principal.kind === 'person' ? principal.personId : null;
  const seesAll = principal.kind === 'operator' && principal.token.scopes.has('read');
  const { rows } = await pool.query<AccessRow>({
    name: 'find-access',
    text: FIND_ACCESS,
    values: [accountId, personId, seesAll],
  });
  const row = rows[0];
  return row && { accountId: row.id, ownerType: row.owner_type, ownerId: row.owner_id, role: row.role };
}
