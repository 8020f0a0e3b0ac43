// Callers: everybody who may come to the API, as the table of access lists them, and what each of them may expect.
import { z } from 'zod';
import { kindsWith, type Right, type Role, rights, roleMay } from '../../api/access.ts';

/** The columns of the table: people by their part in an organization, nobody, and tokens by their scope. */
export const callers = [
  'owner',
  'admin',
  'member',
  'former member',
  'outsider',
  'nobody',
  'gateway',
  'operator read',
  'operator money',
  'operator prices',
  'token read',
  'token keys',
] as const;

export type Caller = (typeof callers)[number];

/** What a route answers a caller: it does what was asked, or refuses with a status. */
export type Answer = 'yes' | 401 | 403 | 404;

const rightNames = z.enum(Object.keys(rights) as [Right, ...Right[]]);

/** How an operation of the OpenAPI document says who may call it. */
export const declaredAccess = z.strictObject({
  caller: z.enum(['anyone', 'person', 'reader', 'gateway', 'operator', 'account']),
  right: rightNames.optional(),
  scope: z.enum(['read', 'money', 'prices']).optional(),
  narrows: z.record(z.string(), z.string()).optional(),
  bare: z.boolean().optional(),
  rateLimit: z.strictObject({ name: z.string(), times: z.int(), seconds: z.int() }).optional(),
});

export type DeclaredAccess = z.infer<typeof declaredAccess>;

/** Caller → the role by which it would have a right on an account; none for those without a part in it. */
const ROLES: Readonly<Partial<Record<Caller, Role>>> = {
  owner: 'owner',
  admin: 'admin',
  member: 'member',
  'operator read': 'operator',
  'token read': 'read-token',
  'token keys': 'keys-token',
};

const KINDS = {
  owner: 'person',
  admin: 'person',
  member: 'person',
  'former member': 'person',
  outsider: 'person',
  nobody: 'nobody',
  gateway: 'gateway',
  'operator read': 'operator',
  'operator money': 'operator',
  'operator prices': 'operator',
  'token read': 'organization',
  'token keys': 'organization',
} as const satisfies Record<Caller, string>;

/** What a caller may expect of a route on the things of its own organization, by what the route declares. */
export function answerTo(access: DeclaredAccess, caller: Caller): Answer {
  if (access.caller === 'anyone') return 'yes';
  const kind = KINDS[caller];
  if (kind === 'nobody') return 401;
  switch (access.caller) {
    case 'person':
      return kind === 'person' ? 'yes' : access.bare === true ? 404 : 403;
    case 'gateway':
      return kind === 'gateway' ? 'yes' : access.bare === true ? 401 : 403;
    case 'operator':
      return kind === 'operator' && (access.scope === undefined || caller === `operator ${access.scope}`)
        ? 'yes'
        : 403;
    case 'reader':
      return kind === 'person' || caller === 'operator read' || caller === 'token read' ? 'yes' : 403;
    case 'account':
      return onAccount(access.right, caller);
    default:
      return access.caller satisfies never;
  }
}

/** What it may expect on somebody else's: as an outsider, if it is a person or would have the right on its own. */
export function answerToStranger(access: DeclaredAccess, caller: Caller): Answer {
  const answer = answerTo(access, caller);
  if (access.caller !== 'account' || KINDS[caller] === 'operator') return answer;
  if (KINDS[caller] === 'person') return answerTo(access, 'outsider');
  return answer === 'yes' ? 404 : answer;
}

/** To what a route narrows a caller's right, in words. */
export function narrowingOf(access: DeclaredAccess, caller: Caller): string | undefined {
  const role = ROLES[caller];
  return role === undefined ? undefined : access.narrows?.[role];
}

function onAccount(right: Right | undefined, caller: Caller): Answer {
  if (right === undefined) throw new Error('a route on an account declares no right');
  const role = ROLES[caller];
  if (role !== undefined) return roleMay(role, right) ? 'yes' : 403;
  // without a part in it: a person does not even learn that it exists, as long as persons may ask at all
  return KINDS[caller] === 'person' && kindsWith(right).includes('person') ? 404 : 403;
}
