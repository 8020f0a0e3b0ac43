// Same origin: a browser sends its cookie unasked, so a change that comes with one must come from our own pages.
import type { IncomingMessage } from 'node:http';
import type { Principal } from './principal.ts';
import { Problem } from './problem.ts';

/** Throws `forbidden` when a write by cookie names another site as its origin. */
export function requireSameOrigin(
  request: IncomingMessage,
  principal: Principal | undefined,
  baseUrl: string,
): void {
  if (principal?.kind !== 'person' || principal.via !== 'cookie') return;
  if (request.method === 'GET' || request.method === 'HEAD') return;
  const { origin } = request.headers;
  if (origin !== undefined && origin !== new URL(baseUrl).origin) {
    throw new Problem('forbidden', 'A session cookie is believed only from the pages of this deployment.');
  }
}
