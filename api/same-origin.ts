// Same origin: a browser sends its cookie unasked, so what changes something by cookie must come from our own pages.
import type { IncomingHttpHeaders } from 'node:http';
import type { RequestHandler } from 'express';
import { Problem } from './problem.ts';

const READING = new Set(['GET', 'HEAD', 'OPTIONS']);

export interface TrustedOrigins {
  readonly baseUrl: string;
  /** Other sites whose pages may call the API with a bearer token, never with a cookie. */
  readonly corsOrigins: readonly string[];
}

/**
 * Refuses with `origin-not-allowed` every write of a browser that is not of a page of this deployment. A request with
 * an `Authorization` header is judged by that alone: no other site can make a browser send one.
 */
export function requireSameOrigin(trusted: TrustedOrigins): RequestHandler {
  return (request, _response, next) => {
    if (!READING.has(request.method)) requireTrusted(request.headers, trusted);
    next();
  };
}

/** Throws `origin-not-allowed` for what changes something and is not trusted to. */
export function requireTrusted(headers: IncomingHttpHeaders, trusted: TrustedOrigins): void {
  if (isTrusted(headers, trusted)) return;
  throw new Problem(
    'origin-not-allowed',
    'A change by cookie is accepted only from the pages of this deployment, named in the Origin header.',
  );
}

/** Whether a write with these headers may be done. */
export function isTrusted(headers: IncomingHttpHeaders, { baseUrl, corsOrigins }: TrustedOrigins): boolean {
  const { authorization, cookie, origin } = headers;
  if (authorization !== undefined) return true;
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
