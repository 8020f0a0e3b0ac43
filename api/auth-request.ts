// Asking better-auth: a request of Express as the web request it takes, and its answer without its faults.
import type { Request as ExpressRequest } from 'express';
import type { Pool } from '../ledger/database.ts';
import { type Auth, CLIENT_ADDRESS_HEADER, cookiePrefix } from './auth.ts';
import { inputFault } from './auth-input.ts';

/** One of better-auth's endpoints with what it takes: the query of a GET, the body of a POST. */
export interface AuthCall {
  readonly method: 'GET' | 'POST';
  /** Under `/api/auth`. */
  readonly path: string;
  readonly input: object;
}

/**
 * A call in the name of whoever sent `request`, of whom it is known by now that they may speak for their cookie. The
 * address is ours and not the Host header's, which anybody may write.
 */
export function authRequest(request: ExpressRequest, call: AuthCall, baseUrl: string): Request {
  const headers = new Headers();
  for (const name of ['user-agent', 'authorization'] as const) {
    const value = request.headers[name];
    if (value !== undefined) headers.set(name, value);
  }
  const cookie = cookieOf(request, baseUrl);
  if (cookie !== undefined) {
    headers.set('cookie', cookie);
    headers.set('origin', new URL(baseUrl).origin);
  }
  if (request.ip !== undefined) headers.set(CLIENT_ADDRESS_HEADER, request.ip);
  const url = new URL(`/api/auth${call.path}`, baseUrl);
  if (call.method === 'GET') {
    for (const [name, value] of Object.entries(call.input)) url.searchParams.set(name, String(value));
    return new Request(url, { headers });
  }
  headers.set('content-type', 'application/json');
  return new Request(url, { method: 'POST', headers, body: JSON.stringify(call.input) });
}

/** The cookie of a sign-in that waits for its second factor. */
export function twoFactorCookie(baseUrl: string): string {
  return `${cookiePrefix(baseUrl)}.two_factor`;
}

/** A token in a header counts alone; the cookie of a sign-in that waits for its second factor has one too. */
function cookieOf(request: ExpressRequest, baseUrl: string): string | undefined {
  const pending = request.get('two-factor-token');
  if (pending !== undefined) return `${twoFactorCookie(baseUrl)}=${pending.replaceAll(/[^\w.%+/=-]/g, '')}`;
  return request.headers.authorization === undefined ? request.headers.cookie : undefined;
}

/** Better-auth's answer. Throws the database's own error when that is why it failed. */
export async function askAuth(auth: Auth, pool: Pool, asked: Request): Promise<Response> {
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
