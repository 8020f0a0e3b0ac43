// API keys of an account, made and read: members their own, owners, admins and programs those of all.
import { z } from 'zod';
import { createApiKey } from '../../ledger/api-keys.ts';
import type { Clock } from '../../ledger/clock.ts';
import type { Pool } from '../../ledger/database.ts';
import { findApiKey, listApiKeys } from '../../ledger/reading/api-keys.ts';
import { pageFrom } from '../cursor.ts';
import { once, withoutSecret } from '../idempotency.ts';
import { callerId, type Principal } from '../principal.ts';
import { existingKey, keyOf, ONLY_OWN_KEYS, OWN_KEYS, onlyMember } from '../reachable-key.ts';
import { accountRoute, type Route, type RouteSurroundings } from '../route.ts';
import { accountParams, cursor, limit } from '../schemas.ts';
import {
  apiKeyListSchema,
  apiKeyRequest,
  apiKeySchema,
  apiKeyStates,
  futureTime,
  invalidField,
  newApiKeySchema,
  shownApiKey,
} from '../shown-api-key.ts';

const TAG = 'API keys';
const LIST = '/v1/accounts/{accountId}/api-keys';

export interface ApiKeySurroundings extends RouteSurroundings {
  readonly pool: Pool;
  readonly clock: Clock;
  /** Whether this deployment charges real cards: its keys are `cof_live_…`, else `cof_test_…`. */
  readonly live: boolean;
}

/** Everything under `/v1/accounts/{accountId}/api-keys` that makes or reads keys. */
export function apiKeyRoutes(surroundings: ApiKeySurroundings): Route[] {
  return [listRoute(surroundings), createRoute(surroundings), readRoute(surroundings)];
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
    narrows: ONLY_OWN_KEYS,
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
      const { items, nextCursor } = pageFrom(found, query.limit, ({ id }) => id);
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
    narrows: { owner: OWN_KEYS, admin: OWN_KEYS, member: OWN_KEYS },
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
    path: `${LIST}/{apiKeyId}`,
    summary: 'One API key',
    tag: TAG,
    right: 'use-keys',
    narrows: ONLY_OWN_KEYS,
    params: accountParams.extend({ apiKeyId: z.string() }),
    answers: { 200: { description: 'The key', schema: apiKeySchema } },
    problems: ['account-not-found', 'not-found'],
    async handle({ principal, params: { apiKeyId }, access }) {
      const { id, accountId, memberId } = keyOf(apiKeyId, access, principal);
      const found = await findApiKey(pool, accountId, id, clock(), memberId);
      return { status: 200, body: shownApiKey(existingKey(found)) };
    },
  });
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
