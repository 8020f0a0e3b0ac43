// The session: signing in and out through `/api/auth`; the cookie it leaves is never seen by a script.
import { ProblemError, Unreachable } from '../api/problem.ts';

/** Calls one of the sign-in library's routes. Throws what it refused as a problem. */
export async function authCall<T = unknown>(path: string, body?: object): Promise<T> {
  const response = await fetch(`/api/auth${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    credentials: 'same-origin',
    ...(body !== undefined && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  }).catch(() => {
    throw new Unreachable();
  });
  const answer: unknown = await response.json().catch(() => undefined);
  if (response.ok) return answer as T;
  const said = typeof answer === 'object' && answer !== null ? answer : {};
  const text = (name: string) => (name in said ? String(said[name as keyof typeof said]) : undefined);
  const detail = text('detail') ?? text('message');
  throw new ProblemError(
    { code: (text('code') ?? 'unknown') as never, ...(detail !== undefined && { detail }) },
    response.status,
  );
}

export const signOut = () => authCall('/sign-out', {});
