// People: sign-up, sign-in, second factor and sessions by better-auth, on our Postgres and in our words.
import { betterAuth } from 'better-auth';
import { bearer } from 'better-auth/plugins/bearer';
import { twoFactor } from 'better-auth/plugins/two-factor';
import { PostgresDialect } from 'kysely';
import type { Pool } from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { signInMails } from './auth-mail.ts';
import {
  credentialTable,
  personTable,
  sessionTable,
  twoFactorTables,
  verificationTable,
} from './auth-tables.ts';

export interface AuthOptions {
  /** The pool everything else uses too: better-auth gets no connections of its own. */
  readonly pool: Pool;
  /** The API's public address; the only origin whose cookies are believed. */
  readonly baseUrl: string;
  /** Signs session cookies, bearer tokens and links, and encrypts second factors; at least 32 characters. */
  readonly secret: string;
  /** Hears better-auth's warnings and errors. */
  readonly log?: (level: 'warn' | 'error', message: string) => void;
}

export type Auth = ReturnType<typeof createAuth>;

/** The header in which our own server hands better-auth the caller's address; callers cannot set it. */
export const CLIENT_ADDRESS_HEADER = 'x-coffer-client-address';

/** What every cookie's name begins with: on https browsers then keep it to this one host and to https. */
export function cookiePrefix(baseUrl: string): string {
  return baseUrl.startsWith('https:') ? '__Host-coffer' : 'coffer';
}

/**
 * Better-auth as Coffer uses it; of what it could serve, auth-endpoints.ts says what is served. Its tables live in the
 * schema `auth` (migrations 0002 and 0011); a person's account is made by a trigger there. Organizations are ours alone.
 * Faults that are not its own answers are thrown by `handler`.
 */
export function createAuth({ pool, baseUrl, secret, log }: AuthOptions) {
  const mails = signInMails({ pool, baseUrl });
  return betterAuth({
    appName: 'Coffer',
    baseURL: baseUrl,
    basePath: '/api/auth',
    secret,
    trustedOrigins: [new URL(baseUrl).origin],
    database: {
      dialect: new PostgresDialect({ pool }),
      type: 'postgres',
      schemaName: 'auth',
      transaction: true,
    },
    user: { ...personTable, changeEmail: { enabled: true, ...mails.changeEmail } },
    session: sessionTable,
    account: credentialTable,
    // who reads the database must not be able to use a link that is under way
    verification: { ...verificationTable, storeIdentifier: 'hashed' },
    emailAndPassword: {
      enabled: true,
      minPasswordLength: 8,
      maxPasswordLength: 128,
      requireEmailVerification: true,
      revokeSessionsOnPasswordReset: true,
      ...mails.password,
    },
    emailVerification: {
      sendOnSignUp: true,
      sendOnSignIn: true,
      autoSignInAfterVerification: true,
      ...mails.verification,
    },
    plugins: [
      twoFactor({ issuer: 'Coffer', schema: twoFactorTables }),
      // last, so that it hands out no session that waits for its second factor; requireSignature: reading the
      // database must not be enough to act as somebody
      bearer({ requireSignature: true }),
    ],
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    onAPIError: { throw: true },
    logger: {
      level: 'warn',
      log: (level, message, ...details) => {
        if ((level === 'warn' || level === 'error') && !EVERYDAY.has(message))
          log?.(level, [message, ...details.map(briefly)].join(': '));
      },
    },
    advanced: {
      cookiePrefix: cookiePrefix(baseUrl),
      useSecureCookies: false,
      defaultCookieAttributes: {
        httpOnly: true,
        sameSite: 'lax',
        path: '/',
        secure: baseUrl.startsWith('https:'),
      },
      disableCSRFCheck: false,
      disableOriginCheck: false,
      ipAddress: { ipAddressHeaders: [CLIENT_ADDRESS_HEADER] },
      database: { generateId: () => uuidv7() },
    },
  });
}

/** What people do every day is no warning, and the log is no place to learn whose address is known. */
const EVERYDAY = new Set([
  'User not found',
  'Invalid password',
  'Reset Password: User not found',
  'Email is the same',
]);

/** Of a fault only what it says: what it carries beside that may name a person. */
function briefly(detail: unknown): string {
  return detail instanceof Error ? detail.message : typeof detail;
}
