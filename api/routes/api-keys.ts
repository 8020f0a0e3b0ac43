// API keys of an account: members make, see and change their own; owners, admins and programs those of all.
import { validate as isUuid } from 'uuid';
import { z } from 'zod';
import {
  changeApiKey,
  createApiKey,
  handOverApiKey,
  revokeApiKey,
  rotateApiKey,
} from '../../ledger/api-keys.ts';
import type { Clock } from '../../ledger/clock.ts';
import type { Pool } from '../../ledger/database.ts';
import { type ApiKey, findApiKey, listApiKeys } from '../../ledger/reading/api-keys.ts';
import { type AccountAccess, isAllowed } from '../access.ts';
import { once, withoutSecret } from '../idempotency.ts';
import { callerId, type Principal } from '../principal.ts';
import { Problem } from '../problem.ts';
import { accountRoute, type Route, type RouteSurroundings } from '../route.ts';
import { accountParams, cursor, limit } from '../schemas.ts';
import {
  apiKeyChange,
  apiKeyListSchema,
  apiKeyRequest,
  apiKeySchema,
  apiKeyStates,
  futureTime,
  invalidField,
  newApiKeySchema,
  shownApiKey,
} from '../shown-api-key.ts';

const DAY_SECONDS = 86_400;
const LONGEST_GRACE_SECONDS = 30 * DAY_SECONDS;

const TAG = 'API keys';
const LIST = '/v1/accounts/{accountId}/api-keys';
const ONE = `${LIST}/{apiKeyId}` as const;
const oneParams = accountParams.extend({ apiKeyId: z.string() });

export interface ApiKeySurroundings extends RouteSurroundings {
  readonly pool: Pool;
  readonly clock: Clock;
  /** Whether this deployment charges real cards: its keys are `cof_live_…`, else `cof_test_…`. */
  readonly live: boolean;
}

/** Everything under `/v1/accounts/{accountId}/api-keys`. */
export function apiKeyRoutes(surroundings: ApiKeySurroundings): Route[] {
  return [
    listRoute(surroundings),
    createRoute(surroundings),
    readRoute(surroundings),
    changeRoute(surroundings),
    revokeRoute(surroundings),
    rotateRoute(surroundings),
    handOverRoute(surroundings),
  ];
}

function listRoute(surroundings: ApiKeySurroundings): Route {
  const { pool, clock } = surroundings;
  return accountRoute(surroundings, {
    method: 'get',
    path: LIST,
    summary: 'API keys, newest first',
    description:
      'With last use and this month’s spend, never a secret. Members see their own keys; owners, admins and programs see all keys of the organization.',
    tag: TAG,
    right: 'use-keys',
    params: accountParams,
    query: z.strictObject({
      memberId: z.uuid().describe('Only keys of this member.').optional(),
      state: z.enum(apiKeyStates).optional(),
      cursor: cursor.pipe(z.uuid('This is not a cursor of ours.')).optional(),
      limit,
    }),
    answers: { 200: { description: 'A page of keys', schema: apiKeyListSchema } },
    problems: ['account-not-found'],
    async handle({ principal, query, access }) {
      const own = onlyMember(access, principal);
      const { memberId = own, state } = query;
      const page = { before: query.cursor, limit: query.limit + 1, now: clock() };
      const found =
        own === undefined || own === memberId
          ? await listApiKeys(pool, access.accountId, { memberId, state }, page)
          : [];
      const items = found.slice(0, query.limit);
      const nextCursor = found.length > query.limit ? (items.at(-1)?.id ?? null) : null;
      return { status: 200, body: { items: items.map(shownApiKey), nextCursor } };
    },
  });
}

function createRoute(surroundings: ApiKeySurroundings): Route {
  const { pool, clock, live } = surroundings;
  return accountRoute(surroundings, {
    method: 'post',
    path: LIST,
    summary: 'Make an API key that this account pays for',
    description:
      'A person’s own, or that of the member whom a program names. This answer is the only place where the secret is ever shown: repeated under the same Idempotency-Key, it names the same key and its secret is null (rotate the key to get another).',
    tag: TAG,
    right: 'use-keys',
    params: accountParams,
    idempotent: true,
    rateLimit: 'api-keys',
    body: apiKeyRequest,
    answers: { 201: { description: 'The key with its secret', schema: newApiKeySchema } },
    problems: [
      'account-not-found',
      'account-closed',
      'member-not-found',
      'idempotency-key-reused',
      'idempotency-key-in-use',
    ],
    async handle({ principal, body, access, actor, request }) {
      const { accountId } = access;
      const memberId = holderOf(principal, body.memberId);
      const call = { caller: callerId(principal), body, kept: withoutSecret };
      return once(surroundings, request, call, async (id) => {
        const now = clock();
        const made = await findApiKey(pool, accountId, id, now);
        // made by a request that died before it could answer: nobody can know the secret
        if (made !== undefined) return { status: 201, body: { ...shownApiKey(made), secret: null } };
        const expiresAt = body.expiresAt === undefined ? undefined : futureTime(body.expiresAt, now);
        const key = { id, accountId, memberId, name: body.name, live, expiresAt, actor, now };
        const { apiKey, secret } = await createApiKey(pool, key);
        return { status: 201, body: { ...shownApiKey(apiKey), secret } };
      });
    },
  });
}

function readRoute(surroundings: ApiKeySurroundings): Route {
  const { pool, clock } = surroundings;
  return accountRoute(surroundings, {
    method: 'get',
    path: ONE,
    summary: 'One API key',
    tag: TAG,
    right: 'use-keys',
    params: oneParams,
    answers: { 200: { description: 'The key', schema: apiKeySchema } },
    problems: ['account-not-found', 'not-found'],
    async handle({ principal, params: { apiKeyId }, access }) {
      const own = onlyMember(access, principal);
      const found = isUuid(apiKeyId)
        ? await findApiKey(pool, access.accountId, apiKeyId, clock(), own)
        : undefined;
      return { status: 200, body: shownApiKey(existing(found)) };
    },
  });
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
    params: oneParams,
    body: apiKeyChange,
    answers: { 200: { description: 'The changed key', schema: apiKeySchema } },
    problems: ['account-not-found', 'not-found', 'api-key-inactive'],
    async handle({ principal, params, body, access, actor }) {
      const now = clock();
      const expiresAt = typeof body.expiresAt === 'string' ? futureTime(body.expiresAt, now) : body.expiresAt;
      const key = { ...keyOf(params.apiKeyId, access, principal), actor, now };
      const changed = await changeApiKey(pool, { ...key, name: body.name, expiresAt });
      return { status: 200, body: shownApiKey(existing(changed)) };
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
    params: oneParams,
    answers: { 200: { description: 'The revoked key', schema: apiKeySchema } },
    problems: ['account-not-found', 'not-found'],
    async handle({ principal, params, access, actor }) {
      const key = { ...keyOf(params.apiKeyId, access, principal), actor, now: clock() };
      return { status: 200, body: shownApiKey(existing(await revokeApiKey(pool, key))) };
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
      const rotated = existing(
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
      const key = { id: keyId(params.apiKeyId), accountId: access.accountId, actor, now: clock() };
      const handed = await handOverApiKey(pool, { ...key, to: body.memberId });
      return { status: 200, body: shownApiKey(existing(handed)) };
    },
  });
}

/** The key that a path names, within the caller's reach. */
function keyOf(apiKeyId: string, access: AccountAccess, principal: Principal) {
  return { id: keyId(apiKeyId), accountId: access.accountId, memberId: onlyMember(access, principal) };
}

function keyId(apiKeyId: string): string {
  if (isUuid(apiKeyId)) return apiKeyId;
  throw notFound();
}

function existing<T extends ApiKey | object>(found: T | undefined): T {
  if (found === undefined) throw notFound();
  return found;
}

function notFound(): Problem {
  return new Problem('not-found', 'There is no such API key, or it is not within your reach.');
}

/** Whose keys the caller may reach: their own, or everybody's. */
function onlyMember(access: AccountAccess, principal: Principal): string | undefined {
  return isAllowed(access, 'manage-all-keys') ? undefined : callerId(principal);
}

/** Whose key is made: a person's own, or that of the member whom a program names. */
function holderOf(principal: Principal, memberId: string | undefined): string {
  if (principal.kind === 'person') {
    if (memberId === undefined || memberId === principal.personId) return principal.personId;
    throw invalidField(
      '/memberId',
      'People make keys of their own: leave memberId out. A key can be handed over afterwards.',
    );
  }
  if (memberId !== undefined) return memberId;
  throw invalidField(
    '/memberId',
    'A program has no keys of its own: name the member who answers for this one.',
  );
}
