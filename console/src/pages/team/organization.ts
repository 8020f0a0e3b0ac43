// An organization as the pages of its team see it.
import type { Context } from '../../contexts.ts';

export type Organization = Context & { readonly organizationId: string };

export const roleNames = { owner: 'Owner', admin: 'Admin', member: 'Member' } as const;

export const roleSays = {
  owner: 'May do everything, also close the organization',
  admin: 'Manages members, keys and auto top-up',
  member: 'Adds credit and uses keys of their own',
} as const;

/** The roles that somebody may give: only owners make owners. */
export function rolesToGive(role: Context['role']): (keyof typeof roleNames)[] {
  return role === 'owner' ? ['member', 'admin', 'owner'] : ['member', 'admin'];
}
