// A person at the API, for the demo: signed in, reading and writing JSON, paying on Stripe's hosted page.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from 'zod';
import { CommandFailed } from './command.ts';
import { signIn } from './demo-people.ts';

const REQUEST_TIMEOUT_MS = 20_000;
const POLL_MS = 150;

export interface DemoClient {
  get<T>(path: string, shape: z.ZodType<T>): Promise<T>;
  /** A POST or PUT with an idempotency key of its own. */
  write<T>(method: 'POST' | 'PUT', path: string, body: unknown, shape: z.ZodType<T>): Promise<T>;
}

/** Signs a person in; answers that are not what was expected are thrown in one line. */
export async function signedIn(baseUrl: string, email: string, password: string): Promise<DemoClient> {
  const token = await signIn(baseUrl, email, password);
  async function call<T>(method: string, path: string, body: unknown, shape: z.ZodType<T>): Promise<T> {
    const response = await fetch(baseUrl + path, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { 'content-type': 'application/json', 'idempotency-key': randomUUID() }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    const text = await response.text();
    const parsed = response.ok ? shape.safeParse(JSON.parse(text)) : undefined;
    if (parsed?.success !== true) {
      throw new CommandFailed(`${method} ${path} answers ${response.status}: ${text.slice(0, 400)}`);
    }
    return parsed.data;
  }
  return {
    get: (path, shape) => call('GET', path, undefined, shape),
    write: (method, path, body, shape) => call(method, path, body, shape),
  };
}

/** Chooses a test card on a hosted page, as a browser would, and follows it back to Coffer. */
export async function chooseTestCard(checkoutUrl: string, testCard: string): Promise<void> {
  const response = await fetch(checkoutUrl, {
    method: 'POST',
    body: new URLSearchParams({ testCard }),
    redirect: 'manual',
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  });
  const back = response.headers.get('location');
  if (back === null) throw new CommandFailed(`The hosted page answers ${response.status} and leads nowhere.`);
  // what the return page cannot do, the webhook does: its answer decides nothing
  await fetch(back, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) }).then(
    (answer) => answer.body?.cancel(),
    () => undefined,
  );
}

/** Asks `find` until it finds something; says in one line what did not happen within the deadline. */
export async function waitFor<T>(
  what: string,
  find: () => Promise<T | undefined>,
  deadlineMs: number,
): Promise<T> {
  const giveUpAtMs = performance.now() + deadlineMs;
  for (;;) {
    const found = await find();
    if (found !== undefined) return found;
    if (performance.now() > giveUpAtMs)
      throw new CommandFailed(`${what} did not happen within ${deadlineMs / 1_000} s.`);
    await sleep(POLL_MS);
  }
}
