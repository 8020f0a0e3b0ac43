// API keys of an account, changed: renamed, limited in time, rotated, handed over, revoked.
import { z } from 'zod';
import { changeApiKey, handOverApiKey, revokeApiKey, rotateApiKey } from '../../ledger/api-keys.ts';
import { existingKey, keyId, keyOf, ONLY_OWN_KEYS, STEWARDS } from '../reachable-key.ts';
import { accountRoute, type Route } from '../route.ts';
import { accountParams } from '../schemas.ts';
import { apiKeyChange, apiKeySchema, futureTime, newApiKeySchema, shownApiKey } from '../shown-api-key.ts';
import type { ApiKeySurroundings } from './api-keys.ts';

const DAY_SECONDS = 86_400;
const LONGEST_GRACE_SECONDS = 30 * DAY_SECONDS;

const TAG = 'API keys';
const ONE = '/v1/accounts/{accountId}/api-keys/{apiKeyId}';
const oneParams = accountParams.extend({ apiKeyId: z.string() });

/** Everything under `/v1/accounts/{accountId}/api-keys/{apiKeyId}` that changes a key. */
export function apiKeyChangeRoutes(surroundings: ApiKeySurroundings): Route[] {
  return [
    changeRoute(surroundings),
    revokeRoute(surroundings),
    rotateRoute(surroundings),
    handOverRoute(surroundings),
  ];
}

function changeRoute(surroundings: ApiKeySurroundings): Route {
  const { pool, clock } = surroundings;
  return accountRoute(surroundings, {
    method: 'patch',
    path: ONE,
    summary: 'Rename an API key or limit it in time',
    description: 'Your own, or as owner, admin or program any key of the organization; not a revoked one.',
    tag: TAG,
    right: 'use-keys',
    narrows: ONLY_OWN_KEYS,
    params: oneParams,
    body: apiKeyChange,
    answers: { 200: { description: 'The changed key', schema: apiKeySchema } },
    problems: ['account-not-found', 'not-found', 'api-key-inactive'],
    async handle({ principal, params, body, access, actor }) {
      const now = clock();
      const expiresAt = typeof body.expiresAt === 'string' ? futureTime(body.expiresAt, now) : body.expiresAt;
      const key = { ...keyOf(params.apiKeyId, access, principal), actor, now };
      const changed = await changeApiKey(pool, { ...key, name: body.name, expiresAt });
      return { status: 200, body: shownApiKey(existingKey(changed)) };
    },
  });
}

function revokeRoute(surroundings: ApiKeySurroundings): Route {
  const { pool, clock } = surroundings;
  return accountRoute(surroundings, {
    method: 'delete',
    path: ONE,
    summary: 'Revoke an API key for good',
    description:
      'Your own, or as owner, admin or program any key of the organization. Usage that occurs from then on is refused within a second. Revoking it again changes nothing.',
    tag: TAG,
    right: 'use-keys',
    narrows: ONLY_OWN_KEYS,
    params: oneParams,
    answers: { 200: { description: 'The revoked key', schema: apiKeySchema } },
    problems: ['account-not-found', 'not-found'],
    async handle({ principal, params, access, actor }) {
      const key = { ...keyOf(params.apiKeyId, access, principal), actor, now: clock() };
      return { status: 200, body: shownApiKey(existingKey(await revokeApiKey(pool, key))) };
    },
  });
}

function rotateRoute(surroundings: ApiKeySurroundings): Route {
  const { pool, clock, live } = surroundings;
  return accountRoute(surroundings, {
    method: 'post',
    path: `${ONE}/rotate`,
    rateLimit: 'api-keys',
    summary: 'Replace the secret of an API key',
    description:
      'The key stays the same: its id, member, limits and history go on. The secrets it had work on for the grace chosen, or until an earlier rotation said. The new secret is shown only here; a repetition makes another one.',
    tag: TAG,
    right: 'use-keys',
    narrows: ONLY_OWN_KEYS,
    params: oneParams,
    body: z
      .strictObject({
        graceSeconds: z
          .int('graceSeconds is a whole number of seconds.')
          .min(0, 'graceSeconds is 0 or more.')
          .max(LONGEST_GRACE_SECONDS, 'graceSeconds is at most 2592000 (30 days).')
          .default(DAY_SECONDS)
          .describe('How long the replaced secret works on; a day when left out, 0 for not at all.'),
      })
      .prefault({})
      .meta({ id: 'ApiKeyRotation' }),
    answers: { 200: { description: 'The key with its new secret', schema: newApiKeySchema } },
    problems: ['account-not-found', 'not-found', 'api-key-inactive'],
    async handle({ principal, params, body, access, actor }) {
      const key = { ...keyOf(params.apiKeyId, access, principal), actor, now: clock() };
      const rotated = existingKey(
        await rotateApiKey(pool, { ...key, graceMs: body.graceSeconds * 1_000, live }),
      );
      return { status: 200, body: { ...shownApiKey(rotated.apiKey), secret: rotated.secret } };
    },
  });
}

function handOverRoute(surroundings: ApiKeySurroundings): Route {
  const { pool, clock } = surroundings;
  return accountRoute(surroundings, {
    method: 'post',
    path: `${ONE}/hand-over`,
    summary: 'Hand an API key to another member',
    description:
      'The same key and secret, so that what runs on it goes on. Usage that occurs from now on is the new member’s; what occurred before stays with whoever held it, however late it arrives.',
    tag: TAG,
    right: 'manage-all-keys',
    params: oneParams,
    body: z.strictObject({ memberId: z.uuid().describe('A current member.') }).meta({ id: 'ApiKeyHandOver' }),
    answers: { 200: { description: 'The key, now theirs', schema: apiKeySchema } },
    problems: ['account-not-found', 'not-found', 'member-not-found', 'api-key-inactive'],
    async handle({ params, body, access, actor }) {
      const { accountId } = access;
      const key = { id: keyId(params.apiKeyId), accountId, stewards: STEWARDS, actor, now: clock() };
      const handed = await handOverApiKey(pool, { ...key, to: body.memberId });
      return { status: 200, body: shownApiKey(existingKey(handed)) };
    },
  });
}
