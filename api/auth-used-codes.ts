// Used codes: an authenticator shows a code for half a minute, and whoever saw it typed must not get in with it.
import { z } from 'zod';
import type { Pool } from '../ledger/database.ts';
import { endSessionOfToken } from '../ledger/sessions.ts';
import { Problem } from './problem.ts';
import type { RateLimits } from './rate-limits.ts';

const verified = z.object({ token: z.string(), user: z.object({ id: z.string() }) });

/**
 * Lets a code open one session and no second one (RFC 6238, 5.2). `answer` is better-auth's to a right code; the session
 * that it opened by a used one ends before anybody has its token, and `two-factor-failed` is thrown.
 */
export async function spendCode(
  { pool, limits }: { readonly pool: Pool; readonly limits: RateLimits },
  answer: Response,
  code: string,
): Promise<void> {
  const opensSession = answer.headers.getSetCookie().some((cookie) => /session_token=[^;]/.test(cookie));
  if (!opensSession) return;
  const { token, user } = verified.parse(await answer.clone().json());
  try {
    await limits.take({ limit: 'used-codes', of: `${user.id} ${code}` });
  } catch (error) {
    await endSessionOfToken(pool, token);
    if (!(error instanceof Problem)) throw error;
    throw new Problem('two-factor-failed', 'This code was used already: take the next one.');
  }
}
