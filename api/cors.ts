// CORS: which other sites' pages may call the API, with a bearer token and never with a cookie; none unless configured.
import type { RequestHandler } from 'express';

const METHODS = 'GET, POST, PUT, PATCH, DELETE';
const REQUEST_HEADERS =
  'authorization, content-type, idempotency-key, last-event-id, two-factor-token, x-request-id';
const ANSWER_HEADERS = 'retry-after, set-auth-token, set-two-factor-token, x-request-id';
const PREFLIGHT_SECONDS = '600';

/** Allows the origins given, each spelled out; without any, no header is sent and a browser keeps every answer away. */
export function allowOrigins(origins: readonly string[]): RequestHandler {
  return (request, response, next) => {
    const { origin } = request.headers;
    if (origins.length > 0) response.vary('origin');
    if (origin === undefined || !origins.includes(origin)) return next();
    response.set({ 'access-control-allow-origin': origin, 'access-control-expose-headers': ANSWER_HEADERS });
    if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) {
      return next();
    }
    response
      .status(204)
      .set({
        'access-control-allow-methods': METHODS,
        'access-control-allow-headers': REQUEST_HEADERS,
        'access-control-max-age': PREFLIGHT_SECONDS,
      })
      .end();
  };
}
