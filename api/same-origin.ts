// Same origin: a browser sends its cookie unasked, so what changes something by cookie must come from our own pages.
import type { IncomingHttpHeaders } from 'node:http';
import type { Request, RequestHandler } from 'express';
import { bearerToken, type Principal } from './principal.ts';
import { Problem } from './problem.ts';

const READING = new Set(['GET', 'HEAD', 'OPTIONS']);

export interface TrustedOrigins {
  readonly baseUrl: string;
  /** Other sites whose pages may call the API with a bearer token, never with a cookie. */
  readonly corsOrigins: readonly string[];
}

/**
 * Refuses with `origin-not-allowed` every write of a browser that is not of a page of this deployment. A bearer token
 * lifts that where it is the principal: no other site can make a browser send one, and a cookie beside it counts for
 * nothing. Whatever else an `Authorization` header says lifts nothing; browsers repeat some of it unasked.
 */
export function requireSameOrigin(
  trusted: TrustedOrigins,
  resolvePrincipal: (request: Request) => Promise<Principal | undefined>,
): RequestHandler {
  return async (request, _response, next) => {
    if (!READING.has(request.method) && !isTrusted(request.headers, trusted)) {
      const isToken = bearerToken(request.headers) !== undefined;
      if (!isToken || (await resolvePrincipal(request)) === undefined) throw notAllowed();
    }
    next();
  };
}

/** Throws `origin-not-allowed` for what changes something and is not trusted to. */
export function requireTrusted(headers: IncomingHttpHeaders, trusted: TrustedOrigins): void {
  if (!isTrusted(headers, trusted)) throw notAllowed();
}

function notAllowed(): Problem {
  return new Problem(
    'origin-not-allowed',
    'A change by cookie is accepted only from the pages of this deployment, named in the Origin header.',
  );
}

/** Whether a write with these headers may be done, whatever token it carries. */
export function isTrusted(headers: IncomingHttpHeaders, { baseUrl, corsOrigins }: TrustedOrigins): boolean {
  const { cookie, origin } = headers;
  const site = headers['sec-fetch-site'];
  if (cookie === undefined) {
    // a sign-in from elsewhere would make its victim work in somebody else's name
    if (origin !== undefined && corsOrigins.includes(origin)) return true;
    if (origin === undefined && site === undefined) return true;
  }
  const own = origin === new URL(baseUrl).origin;
  // only browsers send it, and no page can: with it, a form's missing or hidden origin is known all the same
  if (site !== undefined) return site === 'same-origin' && (own || origin === undefined || origin === 'null');
  return own;
}
