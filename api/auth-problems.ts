// Better-auth's errors as problems: its codes become ours, and its own stands beside as `reason`, with its `message`.
import { z } from 'zod';
import { Problem, type ProblemCode, problemBody } from './problem.ts';

const LOCKED_SECONDS = 900;

interface Meaning {
  readonly code: ProblemCode;
  readonly detail?: string;
  readonly retryAfterSeconds?: number;
}

const linkInvalid: Meaning = { code: 'link-invalid', detail: 'Have a new link mailed.' };
const codeRefused: Meaning = { code: 'two-factor-failed', detail: 'The code is not the one expected now.' };
const signInOver: Meaning = {
  code: 'two-factor-failed',
  detail: 'The sign-in is over: begin again with the password.',
};
const foreignPage: Meaning = { code: 'origin-not-allowed' };
const badPassword: Meaning = { code: 'password-not-accepted' };

const BY_REASON: Readonly<Record<string, Meaning>> = {
  INVALID_EMAIL_OR_PASSWORD: { code: 'sign-in-failed', detail: 'Check the e-mail address and the password.' },
  EMAIL_NOT_VERIFIED: { code: 'email-unverified', detail: 'Open the link that was just mailed to you.' },
  INVALID_PASSWORD: { code: 'password-wrong', detail: 'Give the password you sign in with.' },
  CREDENTIAL_ACCOUNT_NOT_FOUND: {
    code: 'password-wrong',
    detail: 'You have no password yet: have a link mailed to choose one.',
  },
  PASSWORD_TOO_SHORT: badPassword,
  PASSWORD_TOO_LONG: badPassword,
  INVALID_TOKEN: linkInvalid,
  TOKEN_EXPIRED: linkInvalid,
  USER_NOT_FOUND: linkInvalid,
  INVALID_USER: { code: 'link-invalid', detail: 'The link is of somebody else: sign out first.' },
  INVALID_CODE: codeRefused,
  INVALID_BACKUP_CODE: codeRefused,
  INVALID_TWO_FACTOR_COOKIE: signInOver,
  TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE: signInOver,
  ACCOUNT_TEMPORARILY_LOCKED: {
    code: 'rate-limited',
    detail: 'Too many wrong codes: try again in 15 minutes.',
    retryAfterSeconds: LOCKED_SECONDS,
  },
  INVALID_ORIGIN: foreignPage,
  MISSING_OR_NULL_ORIGIN: foreignPage,
};

const BY_STATUS: Readonly<Record<number, ProblemCode>> = {
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not-found',
  405: 'method-not-allowed',
  413: 'body-too-large',
  415: 'content-type-unsupported',
  429: 'rate-limited',
};

const errorBody = z.object({ code: z.string().optional(), message: z.string().optional() });

/** A problem with better-auth's own words for it. */
export interface AuthProblem {
  readonly problem: Problem;
  readonly reason: string | undefined;
}

/** What an answer of better-auth with status 4xx or 5xx means. */
export async function authProblem(answer: Response): Promise<AuthProblem> {
  const text = await answer.text();
  const { code: reason, message } = errorBody.catch({}).parse(parsed(text));
  if (answer.status >= 500) {
    const cause = new Error(`better-auth answered ${answer.status} ${reason ?? ''} ${message ?? ''}`);
    return { problem: new Problem('internal-error', undefined, { cause }), reason };
  }
  const meaning = BY_REASON[reason ?? ''] ?? { code: BY_STATUS[answer.status] ?? 'request-invalid' };
  const { code, detail = message, retryAfterSeconds } = meaning;
  return {
    problem: new Problem(code, detail, { ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) }),
    reason,
  };
}

/** The body of such a problem; `message` is where better-auth's client looks for words. */
export function authProblemBody({ problem, reason }: AuthProblem, requestId: string) {
  return {
    ...problemBody(problem.code, { detail: problem.message, requestId }),
    ...(reason !== undefined && { reason }),
    message: problem.message,
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
