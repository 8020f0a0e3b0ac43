// The door to better-auth in Express: only what is served, checked input, counted attempts, our problems for its errors.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Request as ExpressRequest, Response as ExpressResponse, RequestHandler } from 'express';
import type { Pool } from '../ledger/database.ts';
import type { Auth } from './auth.ts';
import { type AuthEndpoint, authEndpoints } from './auth-endpoints.ts';
import { authProblem, authProblemBody } from './auth-problems.ts';
import { askAuth, authRequest, twoFactorCookie } from './auth-request.ts';
import { spendCode } from './auth-used-codes.ts';
import { networkOf } from './caller-address.ts';
import { findSession } from './principal.ts';
import { Problem, problems } from './problem.ts';
import type { Attempt, RateLimits } from './rate-limits.ts';
import { requireTrusted } from './same-origin.ts';

export interface AuthHandlerOptions {
  readonly auth: Auth;
  readonly pool: Pool;
  readonly limits: RateLimits;
  readonly baseUrl: string;
}

const MAX_BODY_BYTES = 64 * 1024;
/** Longer than finding a person, storing a link and a mail takes. */
const TELLS_NOTHING_MS = 400;

/**
 * Serves `/api/auth/*`. Mount it before any body parser, behind `requireSameOrigin`. What is not of `authEndpoints` is
 * 404; what better-auth does not answer itself (the database is away) goes on to the error function of the API.
 */
export function authHandler(options: AuthHandlerOptions): RequestHandler {
  return async (request, response) => {
    const endpoint = findEndpoint(request, response);
    // an address that signs in, followed from elsewhere, would make its reader work in somebody else's name
    if (endpoint.changes) requireTrusted(request.headers, { baseUrl: options.baseUrl, corsOrigins: [] });
    const raw = endpoint.method === 'GET' ? request.query : await readJson(request);
    const { input, attempts, onceOnly } = endpoint.accept(raw, networkOf(request.ip));
    const call = { method: endpoint.method, path: request.path, input };
    const asked = authRequest(request, call, options.baseUrl);
    const taken = [...attempts, ...(await passwordChecks(options, endpoint, asked))];
    await options.limits.take(...taken);
    const notSooner = endpoint.tellsNothing ? sleep(TELLS_NOTHING_MS) : undefined;
    try {
      const answer = await askAuth(options.auth, options.pool, asked);
      if (answer.ok && (endpoint.forgivesSuccess || endpoint.checksPassword))
        await options.limits.giveBack(...taken);
      if (answer.ok && onceOnly !== undefined) await spendCode(options, answer, onceOnly);
      await notSooner;
      await send(answer, request, response, options.baseUrl);
    } finally {
      await notSooner;
    }
  };
}

function findEndpoint(request: ExpressRequest, response: ExpressResponse): AuthEndpoint {
  const endpoint = Object.hasOwn(authEndpoints, request.path) ? authEndpoints[request.path] : undefined;
  if (endpoint === undefined) throw new Problem('not-found', 'There is nothing here.');
  if (endpoint.method !== request.method) {
    response.set('allow', endpoint.method);
    throw new Problem('method-not-allowed', `${request.method} is not allowed here: use ${endpoint.method}.`);
  }
  if (endpoint.method === 'POST' && Object.keys(request.query).length > 0) {
    throw new Problem('request-invalid', 'This takes no query, only a body.');
  }
  return endpoint;
}

/** A JSON body, or an empty one; one beyond the bound is refused before it is kept. */
async function readJson(request: ExpressRequest): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES)
      throw new Problem('body-too-large', `At most ${MAX_BODY_BYTES} bytes are read here.`);
    chunks.push(chunk);
  }
  if (bytes === 0) return {};
  if (request.is('application/json') === false || request.get('content-encoding') !== undefined)
    throw new Problem('content-type-unsupported', 'Send plain JSON, with content-type application/json.');
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    throw new Problem('request-malformed', 'The body is not valid JSON.');
  }
}

/** The attempt that giving a password costs, counted for the person who is signed in. */
async function passwordChecks(
  { auth, pool }: AuthHandlerOptions,
  endpoint: AuthEndpoint,
  asked: Request,
): Promise<Attempt[]> {
  if (!endpoint.checksPassword) return [];
  const found = await findSession(auth, pool, asked.headers);
  return found === null ? [] : [{ limit: 'password-checks', of: found.user.id }];
}

async function send(
  answer: Response,
  request: ExpressRequest,
  response: ExpressResponse,
  baseUrl: string,
): Promise<void> {
  const cookies = answer.headers.getSetCookie();
  if (cookies.length > 0) response.setHeader('set-cookie', cookies);
  response.setHeader('cache-control', 'no-store');
  if (answer.status >= 400) return await sendProblem(answer, request, response);
  response.status(answer.status);
  for (const name of ['content-type', 'location'] as const) {
    const value = answer.headers.get(name);
    if (value !== null) response.setHeader(name, value);
  }
  for (const [name, value] of tokens(answer, cookies, baseUrl)) response.setHeader(name, value);
  response.end(Buffer.from(await answer.arrayBuffer()));
}

/** What programs without cookies go on with: the session, or the sign-in that waits for its second factor. */
function tokens(answer: Response, cookies: readonly string[], baseUrl: string): [string, string][] {
  const start = `${twoFactorCookie(baseUrl)}=`;
  const pending = cookies.find((cookie) => cookie.startsWith(start) && !/max-age=0/i.test(cookie));
  if (pending !== undefined)
    return [['set-two-factor-token', pending.slice(start.length).split(';', 1)[0] ?? '']];
  const session = answer.headers.get('set-auth-token');
  return session === null ? [] : [['set-auth-token', session]];
}

async function sendProblem(
  answer: Response,
  request: ExpressRequest,
  response: ExpressResponse,
): Promise<void> {
  const found = await authProblem(answer);
  const { status } = problems[found.problem.code];
  if (status >= 500) throw found.problem;
  if (found.problem.retryAfterSeconds !== undefined)
    response.set('retry-after', String(found.problem.retryAfterSeconds));
  if (found.problem.code === 'unauthenticated') response.set('www-authenticate', 'Bearer');
  response
    .status(status)
    .type('application/problem+json')
    .send(JSON.stringify(authProblemBody(found, request.id)));
}
