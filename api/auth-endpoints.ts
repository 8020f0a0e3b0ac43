// What is served of better-auth: each endpoint with the input it takes and the attempts it costs; all else is not there.
import { z } from 'zod';
import { email, ownPath, password, text } from './auth-fields.ts';
import { isCommonPassword } from './common-passwords.ts';
import { displayName } from './names.ts';
import { Problem } from './problem.ts';
import type { Attempt } from './rate-limits.ts';
import { fieldErrors } from './route.ts';

export interface AuthEndpoint {
  readonly method: 'GET' | 'POST';
  /** Reads body or query. Throws the problem of what cannot be accepted. `network` is the caller's. */
  accept(input: unknown, network: string): Accepted;
  /** Only failures count: what was taken is given back when it worked. */
  readonly forgivesSuccess: boolean;
  /** A signed-in person has to give their password: wrong ones are counted for the person. */
  readonly checksPassword: boolean;
  /** A GET that changes something: like a write, only from our own pages or by a program. */
  readonly changes: boolean;
  /** The time of the answer must not tell whether there is such a person. */
  readonly tellsNothing: boolean;
}

export interface Accepted {
  readonly input: object;
  readonly attempts: readonly Attempt[];
  /** A code that may open one session, and no second one. */
  readonly onceOnly: string | undefined;
}

interface Options<T> {
  readonly attempts?: (input: T, network: string) => Attempt[];
  readonly newPassword?: (input: T) => string;
  readonly onceOnly?: (input: T) => string;
  readonly forgivesSuccess?: true;
  readonly checksPassword?: true;
  readonly changes?: true;
  readonly tellsNothing?: true;
}

function endpoint<T extends object>(
  method: AuthEndpoint['method'],
  schema: z.ZodType<T>,
  options: Options<T> = {},
): AuthEndpoint {
  return {
    method,
    accept(raw, network) {
      const result = schema.safeParse(raw);
      if (!result.success) throw invalid(result.error);
      const password = options.newPassword?.(result.data);
      if (password !== undefined) requireGoodPassword(password);
      return {
        input: result.data,
        attempts: options.attempts?.(result.data, network) ?? [],
        onceOnly: options.onceOnly?.(result.data),
      };
    },
    forgivesSuccess: options.forgivesSuccess === true,
    checksPassword: options.checksPassword === true,
    changes: options.changes === true,
    tellsNothing: options.tellsNothing === true,
  };
}

function invalid(error: z.ZodError): Problem {
  const errors = fieldErrors(error);
  const first = errors[0];
  return new Problem('request-invalid', first && `${first.pointer || 'The body'}: ${first.detail}`, {
    errors,
  });
}

const MIN_PASSWORD = 8;
const MAX_PASSWORD = 128;

function requireGoodPassword(password: string): void {
  if (password.length < MIN_PASSWORD || password.length > MAX_PASSWORD) {
    const detail = `A password has ${MIN_PASSWORD} to ${MAX_PASSWORD} characters.`;
    throw new Problem('password-not-accepted', detail);
  }
  if (isCommonPassword(password)) {
    throw new Problem('password-not-accepted', 'This password is one of the most common: choose another.');
  }
}

const mailsTo = (input: { email: string }, network: string): Attempt[] => [
  { limit: 'mails-to-email', of: input.email },
  { limit: 'mails-from-address', of: network },
];

const secondFactor = (): Options<{ code: string }> => ({
  attempts: (_input, network) => [{ limit: 'two-factor', of: network }],
  forgivesSuccess: true,
});

const nothing = z.strictObject({});
const ownPassword = z.strictObject({ password });
// a device that is trusted would be a password without a second factor, for a month
const code = z.strictObject({ code: text(64), trustDevice: z.literal(false).optional() });

/** Confirming an address, or the change of one, by the token of a link. */
export const verifyEmail = endpoint('GET', z.strictObject({ token: text(4_000), callbackURL: ownPath }), {
  changes: true,
});

/** Choosing a password by the token of a link. */
export const resetPassword = endpoint('POST', z.strictObject({ token: text(100), newPassword: password }), {
  attempts: (_input, network) => [{ limit: 'link-tokens', of: network }],
  newPassword: (input) => input.newPassword,
  forgivesSuccess: true,
});

/** Path under `/api/auth` → what it takes. */
export const authEndpoints: Readonly<Record<string, AuthEndpoint>> = {
  '/sign-up/email': endpoint(
    'POST',
    z.strictObject({
      name: displayName,
      email,
      password,
      callbackURL: ownPath,
      rememberMe: z.boolean().optional(),
    }),
    {
      attempts: (input, network) => [
        { limit: 'sign-up', of: network },
        { limit: 'mails-to-email', of: input.email },
      ],
      newPassword: (input) => input.password,
      tellsNothing: true,
    },
  ),
  '/sign-in/email': endpoint(
    'POST',
    z.strictObject({ email, password, callbackURL: ownPath, rememberMe: z.boolean().optional() }),
    {
      attempts: (input, network) => [
        { limit: 'sign-in-of-address', of: network },
        { limit: 'sign-in-of-email', of: input.email },
        { limit: 'sign-in', of: `${input.email} ${network}` },
      ],
      forgivesSuccess: true,
    },
  ),
  '/sign-out': endpoint('POST', nothing),
  '/get-session': endpoint(
    'GET',
    z.strictObject({ disableCookieCache: text(10).optional(), disableRefresh: text(10).optional() }),
  ),
  '/send-verification-email': endpoint('POST', z.strictObject({ email, callbackURL: ownPath }), {
    attempts: mailsTo,
    tellsNothing: true,
  }),
  '/verify-email': verifyEmail,
  '/request-password-reset': endpoint('POST', z.strictObject({ email, redirectTo: ownPath }), {
    attempts: mailsTo,
    tellsNothing: true,
  }),
  '/reset-password': resetPassword,
  '/change-password': endpoint(
    'POST',
    z
      .strictObject({
        currentPassword: password,
        newPassword: password,
        revokeOtherSessions: z.literal(true).optional(),
      })
      // whoever knew the old password is out
      .transform((input) => ({ ...input, revokeOtherSessions: true })),
    { newPassword: (input) => input.newPassword, checksPassword: true },
  ),
  '/change-email': endpoint('POST', z.strictObject({ newEmail: email, callbackURL: ownPath }), {
    attempts: (input, network) => mailsTo({ email: input.newEmail }, network),
    tellsNothing: true,
  }),
  '/update-user': endpoint('POST', z.strictObject({ name: displayName })),
  '/two-factor/enable': endpoint('POST', ownPassword, { checksPassword: true }),
  '/two-factor/disable': endpoint('POST', ownPassword, { checksPassword: true }),
  '/two-factor/get-totp-uri': endpoint('POST', ownPassword, { checksPassword: true }),
  '/two-factor/generate-backup-codes': endpoint('POST', ownPassword, { checksPassword: true }),
  '/two-factor/verify-totp': endpoint('POST', code, {
    ...secondFactor(),
    onceOnly: (input) => input.code,
  }),
  '/two-factor/verify-backup-code': endpoint('POST', code, secondFactor()),
};
