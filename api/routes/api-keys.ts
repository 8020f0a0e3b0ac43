// API keys of an account: members make, see and revoke their own; owners and admins see and revoke all.
import { validate as isUuid } from 'uuid';
import { z } from 'zod';
import { type ApiKey, createApiKey, listApiKeys, revokeApiKey } from '../../ledger/api-keys.ts';
import type { Clock } from '../../ledger/clock.ts';
import type { Pool } from '../../ledger/database.ts';
import { type AccountAccess, isAllowed, requirePerson } from '../access.ts';
import { displayName } from '../names.ts';
import { Problem } from '../problem.ts';
import { accountRoute, type Route, type RouteSurroundings } from '../route.ts';
import { accountParams, cursor, limit, pageOf, timestamp } from '../schemas.ts';

const apiKey = z
  .strictObject({
    id: z.uuid(),
    name: z.string(),
    prefix: z.string().describe('The beginning of the secret, to recognise it by.'),
    member: z.strictObject({ id: z.uuid(), name: z.string() }),
    state: z.enum(['active', 'expired', 'revoked']),
    createdAt: timestamp,
    expiresAt: timestamp.nullable(),
    revokedAt: timestamp.nullable(),
  })
  .meta({ id: 'ApiKey' });

const newApiKey = z
  .strictObject({
    ...apiKey.shape,
    secret: z.string().describe('Shown this once: only a hash of it is kept.'),
  })
  .meta({ id: 'NewApiKey' });

const apiKeyList = pageOf(apiKey, 'ApiKeyList');

const apiKeyRequest = z
  .strictObject({
    name: displayName,
    expiresAt: z.iso
      .datetime({ offset: true })
      .describe('Until when the key works; for ever when left out.')
      .optional(),
  })
  .meta({ id: 'ApiKeyRequest' });

export interface ApiKeySurroundings extends RouteSurroundings {
  readonly pool: Pool;
  readonly clock: Clock;
  /** Whether this deployment charges real cards: its keys are `cof_live_…`, else `cof_test_…`. */
  readonly live: boolean;
}

/** `GET` and `POST /v1/accounts/{accountId}/api-keys`, `DELETE …/api-keys/{apiKeyId}`. */
export function apiKeyRoutes(surroundings: ApiKeySurroundings): Route[] {
  return [listRoute(surroundings), createRoute(surroundings), revokeRoute(surroundings)];
}

function listRoute(surroundings: ApiKeySurroundings): Route {
  const { pool, clock } = surroundings;
  return accountRoute(surroundings, {
    method: 'get',
    path: '/v1/accounts/{accountId}/api-keys',
    summary: 'API keys, newest first',
    description:
      'Members see their own keys; owners and admins see all keys of the organization. Never a secret.',
    tag: 'API keys',
    right: 'use-keys',
    params: accountParams,
    query: z.strictObject({ cursor: cursor.pipe(z.uuid('This is not a cursor of ours.')).optional(), limit }),
    answers: { 200: { description: 'A page of keys', schema: apiKeyList } },
    problems: ['account-not-found'],
    async handle({ principal, query, access }) {
      const { personId } = requirePerson(principal);
      const found = await listApiKeys(pool, {
        accountId: access.accountId,
        memberId: onlyMember(access, personId),
        before: query.cursor,
        limit: query.limit + 1,
      });
      const items = found.slice(0, query.limit);
      const nextCursor = found.length > query.limit ? (items.at(-1)?.id ?? null) : null;
      return { status: 200, body: { items: items.map((key) => shown(key, clock())), nextCursor } };
    },
  });
}

function createRoute(surroundings: ApiKeySurroundings): Route {
  const { pool, clock, live } = surroundings;
  return accountRoute(surroundings, {
    method: 'post',
    path: '/v1/accounts/{accountId}/api-keys',
    summary: 'Make an API key of your own that this account pays for',
    description: 'The answer is the only place where the secret is ever shown, so it is not replayed.',
    tag: 'API keys',
    right: 'use-keys',
    params: accountParams,
    body: apiKeyRequest,
    answers: { 201: { description: 'The key with its secret', schema: newApiKey } },
    problems: ['account-not-found', 'account-closed'],
    async handle({ principal, body, access }) {
      const { personId } = requirePerson(principal);
      const { accountId } = access;
      const now = clock();
      const made = await createApiKey(pool, {
        accountId,
        memberId: personId,
        name: body.name,
        live,
        expiresAt: futureTime(body.expiresAt, now),
        now,
      });
      return { status: 201, body: { ...shown(made.apiKey, now), secret: made.secret } };
    },
  });
}

function revokeRoute(surroundings: ApiKeySurroundings): Route {
  const { pool, clock } = surroundings;
  return accountRoute(surroundings, {
    method: 'delete',
    path: '/v1/accounts/{accountId}/api-keys/{apiKeyId}',
    summary: 'Revoke an API key for good',
    description:
      'Your own, or as owner or admin any key of the organization. Revoking it again changes nothing.',
    tag: 'API keys',
    right: 'use-keys',
    params: accountParams.extend({ apiKeyId: z.string() }),
    answers: { 200: { description: 'The revoked key', schema: apiKey } },
    problems: ['account-not-found', 'not-found'],
    async handle({ principal, params, access }) {
      const { personId } = requirePerson(principal);
      const key = {
        accountId: access.accountId,
        memberId: onlyMember(access, personId),
        revokedBy: personId,
      };
      const revoked = isUuid(params.apiKeyId)
        ? await revokeApiKey(pool, { ...key, id: params.apiKeyId, now: clock() })
        : undefined;
      if (revoked === undefined)
        throw new Problem('not-found', 'There is no such API key, or it is not yours to revoke.');
      return { status: 200, body: shown(revoked, clock()) };
    },
  });
}

/** Whose keys the caller may reach: their own, or everybody's. */
function onlyMember(access: AccountAccess, personId: string): string | undefined {
  return isAllowed(access, 'manage-all-keys') ? undefined : personId;
}

function futureTime(text: string | undefined, now: Date): Date | undefined {
  if (text === undefined) return undefined;
  const time = new Date(text);
  if (time > now) return time;
  const detail = 'expiresAt must lie in the future.';
  throw new Problem('request-invalid', detail, { errors: [{ pointer: '/expiresAt', detail }] });
}

function shown(key: ApiKey, now: Date): z.input<typeof apiKey> {
  return {
    id: key.id,
    name: key.name,
    prefix: key.prefix,
    member: { id: key.memberId, name: key.memberName },
    state: stateOf(key, now),
    createdAt: key.createdAt.toISOString(),
    expiresAt: key.expiresAt?.toISOString() ?? null,
    revokedAt: key.revokedAt?.toISOString() ?? null,
  };
}

function stateOf({ revokedAt, expiresAt }: ApiKey, now: Date): 'active' | 'expired' | 'revoked' {
  if (revokedAt !== undefined) return 'revoked';
  return expiresAt !== undefined && expiresAt <= now ? 'expired' : 'active';
}
