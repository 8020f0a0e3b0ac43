// People: sign-up, sign-in, sessions and organizations by better-auth, on our Postgres and in our words.
import { betterAuth } from 'better-auth';
import { bearer } from 'better-auth/plugins/bearer';
import { PostgresDialect } from 'kysely';
import type { Pool } from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { accept } from './auth-input.ts';
import { organizations } from './auth-organizations.ts';
import { credentialTable, personTable, sessionTable, verificationTable } from './auth-tables.ts';
import { displayName } from './names.ts';

export interface AuthOptions {
  /** The pool everything else uses too: better-auth gets no connections of its own. */
  readonly pool: Pool;
  /** The API's public address; the only origin whose cookies are believed. */
  readonly baseUrl: string;
  /** Signs session cookies and bearer tokens; at least 32 characters. */
  readonly secret: string;
  /** Hears better-auth's warnings and errors. */
  readonly log?: (level: 'warn' | 'error', message: string) => void;
}

export type Auth = ReturnType<typeof createAuth>;

/** The header in which our own server hands better-auth the caller's address; callers cannot set it. */
export const CLIENT_ADDRESS_HEADER = 'x-coffer-client-address';

/**
 * Better-auth as Coffer uses it. Its tables live in the schema `auth` (migration 0002); a person's account and an
 * organization's are made by triggers there. Faults that are not its own answers are thrown by `handler`.
 */
export function createAuth({ pool, baseUrl, secret, log }: AuthOptions) {
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
    user: personTable,
    session: sessionTable,
    account: credentialTable,
    verification: verificationTable,
    emailAndPassword: { enabled: true, minPasswordLength: 8, maxPasswordLength: 128 },
    databaseHooks: {
      user: {
        create: {
          before: async (person) => ({
            data: { ...person, name: accept(displayName, person.name, 'INVALID_NAME') },
          }),
        },
        update: {
          before: async (change) => ({
            data: {
              ...change,
              ...(change.name !== undefined && { name: accept(displayName, change.name, 'INVALID_NAME') }),
            },
          }),
        },
      },
    },
    // requireSignature: reading the database must not be enough to act as somebody
    plugins: [bearer({ requireSignature: true }), organizations()],
    disabledPaths: [...OURS, ...UNUSED],
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    onAPIError: { throw: true },
    logger: {
      level: 'warn',
      log: (level, message, ...details) => {
        if (level === 'warn' || level === 'error')
          log?.(level, [message, ...details.map(briefly)].join(': '));
      },
    },
    advanced: {
      cookiePrefix: 'coffer',
      defaultCookieAttributes: { httpOnly: true, sameSite: 'lax' },
      disableCSRFCheck: false,
      disableOriginCheck: false,
      ipAddress: { ipAddressHeaders: [CLIENT_ADDRESS_HEADER] },
      database: { generateId: () => uuidv7() },
    },
  });
}

/** Of a fault only what it says: what it carries beside that may name a person. */
function briefly(detail: unknown): string {
  return detail instanceof Error ? detail.message : typeof detail;
}

/**
 * Changes of members, roles, invitations and organizations: each is one transaction of ours, under /v1. So is
 * reading an organization, because better-auth's answer tells an outsider whether there is one.
 */
const OURS = [
  '/organization/get-organization',
  '/organization/get-full-organization',
  '/organization/update',
  '/organization/delete',
  '/organization/leave',
  '/organization/remove-member',
  '/organization/update-member-role',
  '/organization/invite-member',
  '/organization/accept-invitation',
  '/organization/reject-invitation',
  '/organization/cancel-invitation',
];

/** What there is nothing behind: no social providers, and people are never deleted, only erased. */
const UNUSED = [
  '/sign-in/social',
  '/link-social',
  '/unlink-account',
  '/get-access-token',
  '/refresh-token',
  '/account-info',
  '/delete-user',
  '/delete-user/callback',
];
