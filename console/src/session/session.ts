// The session: signing up, in and out through `/api/auth`; the cookie it leaves is never seen by a script.
import type { QueryClient } from '@tanstack/react-query';
import { ProblemError, Unreachable } from '../api/problem.ts';
import type { SchemaProblem } from '../api/schema.d.ts';
import { dropDrafts } from '../parts/draft.ts';
import { sessionChanged } from './one-person.ts';

let underWay: Promise<unknown> = Promise.resolve();

/** Calls one of the sign-in routes. Throws what was refused as a problem. */
export function authCall(path: string, body: object): Promise<Readonly<Record<string, unknown>>> {
  const call = send(path, body);
  underWay = call.catch(() => undefined);
  return call;
}

/** Whether somebody is signed in; asked only after a call that may just be changing the session for another one. */
export async function isSignedIn(): Promise<boolean> {
  await underWay;
  const answer: unknown = await fetch('/v1/session', { credentials: 'same-origin' })
    .then((response) => response.json())
    .catch(() => undefined);
  const isNobody =
    typeof answer === 'object' && answer !== null && 'person' in answer && answer.person === null;
  return !isNobody;
}

async function send(path: string, body: object): Promise<Readonly<Record<string, unknown>>> {
  const response = await fetch(`/api/auth${path}`, {
    method: 'POST',
    credentials: 'same-origin',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  }).catch(() => {
    throw new Unreachable();
  });
  const answer: unknown = await response.json().catch(() => undefined);
  const said = typeof answer === 'object' && answer !== null ? answer : {};
  if (response.ok) return { ...said };
  throw new ProblemError(said as Partial<SchemaProblem>, response.status);
}

/** Does what a mailed link is for. False when the link works no more. */
export async function confirmAddress(link: { token?: string; callbackURL?: string }): Promise<boolean> {
  const answer = await fetch('/sign-in/confirm', {
    method: 'POST',
    credentials: 'same-origin',
    redirect: 'manual',
    body: new URLSearchParams(link),
  }).catch(() => {
    throw new Unreachable();
  });
  // it leads on when it is done; where to, the page knows
  if (answer.type === 'opaqueredirect') return true;
  if (answer.status === 400) return false;
  throw new ProblemError({}, answer.status);
}

/** Ends the session, and with it what was read and typed in this window. */
export async function signOut(queries: QueryClient): Promise<void> {
  await authCall('/sign-out', {});
  dropDrafts();
  sessionChanged(queries);
}

/** Whether the signed-in person has a second step. */
export async function hasSecondStep(): Promise<boolean> {
  const response = await fetch('/api/auth/get-session', { credentials: 'same-origin' });
  const answer: unknown = await response.json().catch(() => null);
  if (typeof answer !== 'object' || answer === null || !('user' in answer)) return false;
  const { user } = answer;
  return (
    typeof user === 'object' && user !== null && 'twoFactorEnabled' in user && user.twoFactorEnabled === true
  );
}
