// Contexts: whose balance one can look at, one's own account's or an organization's, and which one it was last.
import type { SchemaMe } from './api/schema.d.ts';

/** The personal account's name in addresses; no organization's slug can be it. */
export const PERSONAL = '@me';

export interface Context {
  /** Its name in addresses. */
  readonly key: string;
  readonly name: string;
  readonly accountId: string;
  readonly organizationId: string | undefined;
  readonly role: 'owner' | 'admin' | 'member';
}

/** Everything a person can switch to, their own account first. */
export function contextsOf(me: SchemaMe): Context[] {
  return [
    {
      key: PERSONAL,
      name: 'Personal',
      accountId: me.personalAccountId,
      organizationId: undefined,
      role: 'owner',
    },
    ...me.organizations.map(({ id, name, slug, role, accountId }) => ({
      key: slug,
      name,
      accountId,
      organizationId: id,
      role,
    })),
  ];
}

const REMEMBERED = 'coffer.context';

/** Where somebody was last, if it is still theirs; else their first organization. */
export function rememberedContext(me: SchemaMe): string {
  const contexts = contextsOf(me);
  const last = localStorage.getItem(REMEMBERED);
  return contexts.find(({ key }) => key === last)?.key ?? contexts[1]?.key ?? PERSONAL;
}

/** Keeps the context for the next visit. It is a name, no secret. */
export const rememberContext = (key: string) => localStorage.setItem(REMEMBERED, key);
