// The door to better-auth in Express: only what is served, checked input, counted attempts, our problems for its errors.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Request as ExpressRequest, Response as ExpressResponse, RequestHandler } from 'express';
import type { Pool } from '../ledger/database.ts';
import { type Auth, CLIENT_ADDRESS_HEADER, cookiePrefix } from './auth.ts';
import { type AuthEndpoint, authEndpoints } from './auth-endpoints.ts';
import { inputFault } from './auth-input.ts';
import { authProblem, authProblemBody } from './auth-problems.ts';
import { networkOf } from './caller-address.ts';
import { Problem, problems } from './problem.ts';
import type { Attempt, RateLimits } from './rate-limits.ts';

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
    const raw = endpoint.method === 'GET' ? request.query : await readJson(request);
    const { input, attempts } = endpoint.accept(raw, networkOf(request.ip));
    const asked = webRequest(request, endpoint.method === 'GET' ? undefined : input, options.baseUrl);
    const taken = [...attempts, ...(await passwordChecks(options.auth, endpoint, asked))];
    await options.limits.take(...taken);
    const notSooner = endpoint.tellsNothing ? sleep(TELLS_NOTHING_MS) : undefined;
    try {
      const answer = await answerOf(options, asked);
      if (answer.ok && (endpoint.forgivesSuccess || endpoint.checksPassword))
        await options.limits.giveBack(...taken);
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
async function passwordChecks(auth: Auth, endpoint: AuthEndpoint, asked: Request): Promise<Attempt[]> {
  if (!endpoint.checksPassword) return [];
  const found = await auth.api.getSession({ headers: asked.headers });
  return found === null ? [] : [{ limit: 'password-checks', of: found.user.id }];
}

/** The address is ours and not the Host header's, which anybody may write. */
function webRequest(request: ExpressRequest, body: object | undefined, baseUrl: string): Request {
  const headers = new Headers();
  for (const name of ['user-agent', 'authorization'] as const) {
    const value = request.headers[name];
    if (value !== undefined) headers.set(name, value);
  }
  const cookie = cookieOf(request, baseUrl);
  // by now it is known that the request may speak for the cookie
  if (cookie !== undefined) {
    headers.set('cookie', cookie);
    headers.set('origin', new URL(baseUrl).origin);
  }
  if (request.ip !== undefined) headers.set(CLIENT_ADDRESS_HEADER, request.ip);
  if (body !== undefined) headers.set('content-type', 'application/json');
  return new Request(new URL(request.originalUrl, baseUrl), {
    method: request.method,
    headers,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

/** A token in a header counts alone; the cookie of a sign-in that waits for its second factor has one too. */
function cookieOf(request: ExpressRequest, baseUrl: string): string | undefined {
  const pending = request.get('two-factor-token');
  if (pending !== undefined) return `${twoFactorCookie(baseUrl)}=${pending.replaceAll(/[^\w.%+/=-]/g, '')}`;
  return request.headers.authorization === undefined ? request.headers.cookie : undefined;
}

function twoFactorCookie(baseUrl: string): string {
  return `${cookiePrefix(baseUrl)}.two_factor`;
}

async function answerOf({ auth, pool }: AuthHandlerOptions, asked: Request): Promise<Response> {
  const again = asked.clone();
  const answer = await handled(auth, asked);
  if (answer.status < 500 && !(await isUnlucky(answer))) return answer;
  // better-auth hides why it failed: when the database is away, its own error says so
  await pool.query('select 1');
  // two who sign up at once with one address: the second is now answered like anybody whose address is known
  return answer.status < 500 ? asFault(await handled(auth, again)) : answer;
}

async function handled(auth: Auth, asked: Request): Promise<Response> {
  try {
    return await auth.handler(asked);
  } catch (error) {
    const fault = inputFault(error);
    if (fault === undefined) throw error;
    const { status, ...body } = fault;
    return Response.json(body, { status });
  }
}

async function isUnlucky(answer: Response): Promise<boolean> {
  return answer.status === 422 && (await answer.clone().text()).includes('FAILED_TO_CREATE_USER');
}

function asFault(answer: Response): Response {
  return answer.status === 422 ? new Response(answer.body, { status: 500 }) : answer;
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
