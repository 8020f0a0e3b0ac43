// Rate limits: how often somebody may try what others would abuse, counted in Postgres so that every process knows.
import { createHash } from 'node:crypto';
import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import type { Pool } from '../ledger/database.ts';
import { Problem } from './problem.ts';

/** So many times within so many seconds, from the first of them on. */
export interface RateLimit {
  readonly times: number;
  readonly seconds: number;
}

const MINUTES = 60;
const HOUR = 60 * MINUTES;

/**
 * Every limit with its bound, wide enough that people do not meet it. Sign-in counts wrong passwords only: for one
 * e-mail address from one place, for one from everywhere (so that many places share no unbounded guessing), and for
 * one place with whatever addresses.
 */
export const rateLimits = {
  'sign-in': { times: 10, seconds: 15 * MINUTES },
  'sign-in-of-email': { times: 50, seconds: HOUR },
  'sign-in-of-address': { times: 100, seconds: 15 * MINUTES },
  'sign-up': { times: 30, seconds: HOUR },
  'two-factor': { times: 50, seconds: 15 * MINUTES },
  'link-tokens': { times: 50, seconds: 15 * MINUTES },
  'used-codes': { times: 1, seconds: 2 * MINUTES },
  'password-checks': { times: 20, seconds: 15 * MINUTES },
  'mails-to-email': { times: 5, seconds: HOUR },
  'mails-from-address': { times: 30, seconds: HOUR },
  organizations: { times: 20, seconds: HOUR },
  invitations: { times: 60, seconds: HOUR },
  'invitations-of-organization': { times: 200, seconds: HOUR },
  'invitations-to-email': { times: 10, seconds: 24 * HOUR },
  'api-keys': { times: 60, seconds: HOUR },
  'top-ups': { times: 30, seconds: HOUR },
} as const satisfies Record<string, RateLimit>;

export type RateLimitName = keyof typeof rateLimits;

/** Bounds of a deployment that differ from the table. */
export type RateLimitChanges = Readonly<Partial<Record<RateLimitName, RateLimit>>>;

/** One attempt of somebody: whose is an id, an e-mail address or a network address. */
export interface Attempt {
  readonly limit: RateLimitName;
  readonly of: string;
}

export interface RateLimits {
  /** Counts attempts. Throws `rate-limited` with the seconds to wait when one is beyond its bound. */
  take(...attempts: readonly Attempt[]): Promise<void>;
  /** Takes back what was counted for an attempt that turned out to be no abuse. */
  giveBack(...attempts: readonly Attempt[]): Promise<void>;
}

/** The limits of a process on the table `rate_limits`; when Postgres is away, an attempt fails with its error. */
export function createRateLimits(pool: Pool, changes: RateLimitChanges = {}): RateLimits {
  const limiters = new Map(
    rateLimitNames().map((name) => {
      const { times, seconds } = changes[name] ?? rateLimits[name];
      return [
        name,
        new RateLimiterPostgres({
          storeClient: pool,
          tableName: 'rate_limits',
          tableCreated: true,
          // the worker's upkeep does, some rows at a time
          clearExpiredByTimeout: false,
          keyPrefix: name,
          points: times,
          duration: seconds,
        }),
      ] as const;
    }),
  );
  return {
    async take(...attempts) {
      for (const { limit, of } of attempts) {
        await limiters
          .get(limit)
          ?.consume(keyOf(of))
          .catch((reason: unknown) => {
            throw reason instanceof RateLimiterRes ? tooMany(reason) : reason;
          });
      }
    },
    async giveBack(...attempts) {
      for (const { limit, of } of attempts) await limiters.get(limit)?.reward(keyOf(of));
    },
  };
}

/** The names of all limits. */
export function rateLimitNames(): RateLimitName[] {
  const isName = (name: string): name is RateLimitName => Object.hasOwn(rateLimits, name);
  return Object.keys(rateLimits).filter(isName);
}

/** People's addresses do not stand in the table. */
function keyOf(of: string): string {
  return createHash('sha256').update(of.toLowerCase()).digest('base64url').slice(0, 22);
}

function tooMany({ msBeforeNext }: RateLimiterRes): Problem {
  const retryAfterSeconds = Math.max(1, Math.ceil(msBeforeNext / 1_000));
  return new Problem('rate-limited', `Try again in ${inWords(retryAfterSeconds)}.`, { retryAfterSeconds });
}

function inWords(seconds: number): string {
  return seconds < 120 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`;
}
