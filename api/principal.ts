// The principal: who is calling, from the request's headers alone; what they may do is decided in access.ts.
import type { IncomingHttpHeaders } from 'node:http';
import { isAPIError } from 'better-auth/api';
import type { Pool } from '../ledger/database.ts';
import type { ServiceToken } from '../ledger/service-tokens.ts';
import { markSeen } from '../ledger/sessions.ts';
import type { ServiceTokens } from '../ledger/token-directory.ts';
import type { Auth } from './auth.ts';

/** A signed-in person; `via` says how, because a browser sends its cookie unasked. */
export interface PersonPrincipal {
  readonly kind: 'person';
  readonly personId: string;
  readonly name: string;
  readonly email: string;
  readonly sessionId: string;
  readonly via: 'cookie' | 'bearer';
}

interface ServicePrincipal {
  readonly kind: 'gateway' | 'operator';
  readonly token: ServiceToken;
}

/** A program of an organization. */
interface OrganizationPrincipal {
  readonly kind: 'organization';
  readonly token: ServiceToken & { readonly organizationId: string };
}

export type Principal =
  | PersonPrincipal
  | ServicePrincipal
  | OrganizationPrincipal
  | { readonly kind: 'nobody' };

export interface PrincipalSources {
  readonly auth: Auth;
  readonly pool: Pool;
  readonly serviceTokens: ServiceTokens;
}

/**
 * Who sends these headers; `undefined` when nobody that is known. A request with an `Authorization` header is
 * judged by that alone: a cookie beside it never speaks for a token that is not valid.
 */
export async function resolvePrincipal(
  sources: PrincipalSources,
  headers: IncomingHttpHeaders,
): Promise<Principal | undefined> {
  const { authorization, cookie } = headers;
  if (authorization !== undefined) {
    const secret = bearerToken(headers);
    if (secret === undefined) return undefined;
    if (secret.startsWith('cof_')) return service(await sources.serviceTokens.verify(secret));
    return person(sources, new Headers({ authorization: `Bearer ${secret}` }), 'bearer');
  }
  return cookie === undefined ? undefined : person(sources, new Headers({ cookie }), 'cookie');
}

/** Who calls, by id: a person's, or a token's; everybody who has none is one. */
export function callerId(principal: Principal): string {
  switch (principal.kind) {
    case 'person':
      return principal.personId;
    case 'nobody':
      return 'nobody';
    default:
      return principal.token.id;
  }
}

/** The token of an `Authorization: Bearer …` header. */
export function bearerToken({ authorization }: IncomingHttpHeaders): string | undefined {
  return /^bearer +([\w.~+/%=-]+) *$/i.exec(authorization ?? '')?.[1];
}

function service(token: ServiceToken | undefined): ServicePrincipal | OrganizationPrincipal | undefined {
  if (token === undefined) return undefined;
  if (token.kind !== 'organization') return { kind: token.kind, token };
  const { organizationId } = token;
  return organizationId === undefined
    ? undefined
    : { kind: 'organization', token: { ...token, organizationId } };
}

async function person(
  { auth, pool }: PrincipalSources,
  headers: Headers,
  via: PersonPrincipal['via'],
): Promise<PersonPrincipal | undefined> {
  const found = await findSession(auth, pool, headers);
  if (found === null) return undefined;
  const { session, user } = found;
  await noteSeen(pool, session.id, session.lastSeenAt ?? session.createdAt);
  return {
    kind: 'person',
    personId: user.id,
    name: user.name,
    email: user.email,
    sessionId: session.id,
    via,
  };
}

/** The session that these headers open, and whose it is; null when none. Throws the database's own error when it is away. */
export function findSession(auth: Auth, pool: Pool, headers: Headers) {
  return auth.api.getSession({ headers }).catch(async (error: unknown) => {
    if (!isAPIError(error)) throw error;
    // better-auth hides why its lookup failed: if the database is away, its own error says so, and else it may be back
    await pool.query('select 1');
    return auth.api.getSession({ headers });
  });
}

const SEEN_MS = 60_000;

/** Notes once a minute that a session is used; a note that cannot be written is no reason to refuse anything. */
async function noteSeen(pool: Pool, sessionId: string, seenAt: Date): Promise<void> {
  const now = new Date();
  if (now.getTime() - seenAt.getTime() < SEEN_MS) return;
  await markSeen(pool, sessionId, now).catch(() => undefined);
}
