// Access: the one table of who may do what on an account, and the one query that decides who may see it at all.
import { validate as isUuid } from 'uuid';
import type { Pool } from '../ledger/database.ts';
import type { PersonPrincipal, Principal } from './principal.ts';
import { Problem } from './problem.ts';

/** A person's role in an organization; on their personal account everybody is its owner. */
export type MemberRole = 'owner' | 'admin' | 'member';

/** What somebody is to an account: a person by role, an operator, or a program by a scope of its organization token. */
export type Role = MemberRole | 'operator' | 'read-token' | 'keys-token';

/** Right → who has it. Everything that can be done on an account needs exactly one of these. */
export const rights = {
  read: ['owner', 'admin', 'member', 'operator', 'read-token'],
  'add-credit': ['owner', 'admin', 'member'],
  'use-keys': ['owner', 'admin', 'member', 'keys-token'],
  'manage-all-keys': ['owner', 'admin', 'keys-token'],
  'manage-auto-top-up': ['owner', 'admin'],
  'manage-limits': ['owner', 'admin'],
  'manage-members': ['owner', 'admin'],
  'manage-tokens': ['owner', 'admin'],
  'rename-organization': ['owner', 'admin'],
  'read-audit': ['owner', 'admin', 'operator'],
  'leave-organization': ['owner', 'admin', 'member'],
  'manage-owners': ['owner'],
  'close-organization': ['owner'],
} as const satisfies Record<string, readonly Role[]>;

export type Right = keyof typeof rights;

const memberRoles: readonly Role[] = ['owner', 'admin', 'member'];

/** The scope that a token needs to stand for one of these roles. */
const tokenScopes = { operator: 'read', 'read-token': 'read', 'keys-token': 'keys' } as const;

export interface AccountAccess {
  readonly accountId: string;
  readonly ownerType: 'organization' | 'person';
  /** The organization's or person's id. */
  readonly ownerId: string;
  /** What the caller is to it: one role, or the scopes of a token. */
  readonly roles: readonly Role[];
}

/** The account, or the organization that owns it, as a path names it. */
export type AccountReference = { readonly accountId: string } | { readonly organizationId: string };

/** Whether a role has a right. */
export function roleMay(role: Role, right: Right): boolean {
  const roles: readonly Role[] = rights[right];
  return roles.includes(role);
}

/** The members' roles that have a right. */
export function rolesWith(right: Right): Role[] {
  return rights[right].filter((role) => memberRoles.includes(role));
}

/** Whether somebody with this access has a right. */
export function isAllowed({ roles }: Pick<AccountAccess, 'roles'>, right: Right): boolean {
  return roles.some((role) => roleMay(role, right));
}

/** The kinds of caller that can have a right at all. */
export function kindsWith(right: Right): Principal['kind'][] {
  const roles: readonly Role[] = rights[right];
  return [
    ...(roles.some((role) => memberRoles.includes(role)) ? (['person'] as const) : []),
    ...(roles.includes('operator') ? (['operator'] as const) : []),
    ...(roles.some((role) => role === 'read-token' || role === 'keys-token')
      ? (['organization'] as const)
      : []),
  ];
}

/**
 * The caller's access to an account. Throws `account-not-found` (or `organization-not-found`, as the path names it)
 * for one that does not exist and, by the same query, for one that is not the caller's to see; `forbidden` for one
 * they see but not with this right.
 */
export async function requireAccess(
  pool: Pool,
  principal: Principal,
  reference: AccountReference,
  right: Right,
): Promise<AccountAccess> {
  const roles = tokenRoles(principal);
  if (roles !== undefined && !isAllowed({ roles }, right)) {
    const scopes = (Object.keys(tokenScopes) as (keyof typeof tokenScopes)[])
      .filter((role) => roleMay(role, right) && (role === 'operator') === (principal.kind === 'operator'))
      .map((role) => tokenScopes[role]);
    throw new Problem('forbidden', `This needs a token with the scope ${scopes.join(' or ')}.`);
  }
  const id = 'accountId' in reference ? reference.accountId : reference.organizationId;
  const access = isUuid(id) ? await findAccess(pool, principal, reference, roles) : undefined;
  if (access === undefined) throw unseen(reference);
  if (!isAllowed(access, right)) {
    const needed = rolesWith(right).join(' or ');
    throw new Problem('forbidden', `Your role here is ${access.roles.join(', ')}; this needs ${needed}.`);
  }
  return access;
}

function unseen(reference: AccountReference): Problem {
  return 'accountId' in reference
    ? new Problem('account-not-found', 'There is no such account, or it is not yours to see.')
    : new Problem('organization-not-found', 'There is no such organization, or it is not yours to see.');
}

/** The person who calls. Throws `forbidden` for a token of a service: people's own things need a person. */
export function requirePerson(principal: Principal): PersonPrincipal {
  if (principal.kind === 'person') return principal;
  throw new Problem('forbidden', 'This needs the session of a signed-in person.');
}

/** What a token's scopes make of its bearer; `undefined` for a person, whose role is the account's to say. */
function tokenRoles(principal: Principal): Role[] | undefined {
  if (principal.kind === 'person' || principal.kind === 'nobody') return undefined;
  const { scopes } = principal.token;
  if (principal.kind === 'operator') return scopes.has('read') ? ['operator'] : [];
  if (principal.kind === 'gateway') return [];
  return [
    ...(scopes.has('read') ? (['read-token'] as const) : []),
    ...(scopes.has('keys') ? (['keys-token'] as const) : []),
  ];
}

const FIND_ACCESS = `
  select a.id, a.owner_type, a.owner_id, case when a.owner_type = 'person' then 'owner' else m.role end as role
  from accounts a
  left join auth.members m
    on a.owner_type = 'organization' and m.organization_id = a.owner_id and m.person_id = $3::uuid
  where (a.id = $1::uuid or (a.owner_type = 'organization' and a.owner_id = $2::uuid))
    and ($5::boolean or m.id is not null
      or (a.owner_type = 'person' and a.owner_id = $3::uuid)
      or (a.owner_type = 'organization' and a.owner_id = $4::uuid))`;

interface AccessRow {
  id: string;
  owner_type: 'organization' | 'person';
  owner_id: string;
  role: MemberRole | null;
}

async function findAccess(
  pool: Pool,
  principal: Principal,
  reference: AccountReference,
  roles: readonly Role[] | undefined,
): Promise<AccountAccess | undefined> {
  const { rows } = await pool.query<AccessRow>({
    name: 'find-access',
    text: FIND_ACCESS,
    values: [
      'accountId' in reference ? reference.accountId : null,
      'organizationId' in reference ? reference.organizationId : null,
      principal.kind === 'person' ? principal.personId : null,
      principal.kind === 'organization' ? principal.token.organizationId : null,
      principal.kind === 'operator',
    ],
  });
  const row = rows[0];
  return (
    row && {
      accountId: row.id,
      ownerType: row.owner_type,
      ownerId: row.owner_id,
      roles: roles ?? (row.role === null ? [] : [row.role]),
    }
  );
}
