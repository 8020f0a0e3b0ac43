// Tokens of an organization's programs: owners and admins make, see and revoke them.
import { validate as isUuid } from 'uuid';
import { z } from 'zod';
import type { Clock } from '../../ledger/clock.ts';
import type { Pool } from '../../ledger/database.ts';
import { asMember } from '../../ledger/membership.ts';
import {
  createServiceToken,
  findServiceToken,
  LONGEST_TOKEN_MS,
  listServiceTokens,
  revokeServiceToken,
  type ServiceTokenRecord,
  serviceTokenScopes,
} from '../../ledger/service-tokens.ts';
import { requirePerson } from '../access.ts';
import { pageFrom } from '../cursor.ts';
import { once, withoutSecret } from '../idempotency.ts';
import { memberActing } from '../member-acting.ts';
import { displayName } from '../names.ts';
import { Problem } from '../problem.ts';
import { accountRoute, type Route, type RouteSurroundings } from '../route.ts';
import { cursor, limit, pageOf, timestamp } from '../schemas.ts';
import { futureTime, invalidField } from '../shown-api-key.ts';

const TAG = 'Organization tokens';
const RIGHT = 'manage-tokens';
const LIST = '/v1/organizations/{organizationId}/tokens';
const params = z.strictObject({ organizationId: z.string() });

const scopes = z
  .array(z.enum(serviceTokenScopes.organization))
  .min(1, 'A token has at least one scope.')
  .transform((list) => [...new Set(list)]);

const token = z
  .strictObject({
    id: z.uuid(),
    name: z.string(),
    prefix: z.string().describe('The beginning of the secret, to recognise it by.'),
    scopes: z.array(z.string()),
    state: z.enum(['active', 'expired', 'revoked']),
    createdAt: timestamp,
    createdBy: z.strictObject({ id: z.uuid(), name: z.string() }).nullable(),
    expiresAt: timestamp.nullable(),
    revokedAt: timestamp.nullable(),
    lastUsedAt: timestamp.nullable().describe('To about a minute.'),
  })
  .meta({ id: 'OrganizationToken' });

const newToken = z
  .strictObject({
    ...token.shape,
    secret: z
      .string()
      .nullable()
      .describe('Shown this once: only a hash of it is kept. Null in the answer to a repetition.'),
  })
  .meta({ id: 'NewOrganizationToken' });

export interface OrganizationTokenSurroundings extends RouteSurroundings {
  readonly pool: Pool;
  readonly clock: Clock;
}

/** Everything under `/v1/organizations/{organizationId}/tokens`. */
export function organizationTokenRoutes(surroundings: OrganizationTokenSurroundings): Route[] {
  return [listRoute(surroundings), createRoute(surroundings), revokeRoute(surroundings)];
}

function listRoute(surroundings: OrganizationTokenSurroundings): Route {
  const { pool, clock } = surroundings;
  return accountRoute(surroundings, {
    method: 'get',
    path: LIST,
    summary: 'Tokens of the organization’s programs, newest first',
    description: 'With who made them and when they were last used, never a secret.',
    tag: TAG,
    right: RIGHT,
    params,
    query: z.strictObject({ cursor: cursor.pipe(z.uuid('This is not a cursor of ours.')).optional(), limit }),
    answers: { 200: { description: 'A page of tokens', schema: pageOf(token, 'OrganizationTokenList') } },
    problems: ['organization-not-found'],
    async handle({ query, access }) {
      const page = { before: query.cursor, limit: query.limit + 1 };
      const found = await listServiceTokens(pool, access.ownerId, page);
      const { items, nextCursor } = pageFrom(found, query.limit, ({ id }) => id);
      return { status: 200, body: { items: items.map((one) => shown(one, clock())), nextCursor } };
    },
  });
}

function createRoute(surroundings: OrganizationTokenSurroundings): Route {
  const { pool, clock } = surroundings;
  return accountRoute(surroundings, {
    method: 'post',
    path: LIST,
    summary: 'Make a token for a program of the organization',
    description:
      'Scope `read`: balance, history, usage, exports. Scope `keys`: API keys of members. It belongs to the organization, not to who made it, and ends at the latest after a year. This answer is the only place where the secret is ever shown: repeated under the same Idempotency-Key, its secret is null.',
    tag: TAG,
    right: RIGHT,
    params,
    idempotent: true,
    rateLimit: 'api-keys',
    body: z
      .strictObject({
        name: displayName,
        scopes,
        expiresAt: z.iso.datetime({ offset: true }).describe('Within a year.'),
      })
      .meta({ id: 'OrganizationTokenRequest' }),
    answers: { 201: { description: 'The token with its secret', schema: newToken } },
    problems: [
      'organization-not-found',
      'account-closed',
      'idempotency-key-reused',
      'idempotency-key-in-use',
    ],
    async handle(context) {
      const { principal, body, access, request } = context;
      const { personId } = requirePerson(principal);
      const organizationId = access.ownerId;
      return once(surroundings, request, { caller: personId, body, kept: withoutSecret }, async (id) => {
        const now = clock();
        const made = await findServiceToken(pool, organizationId, id);
        // made by a request that died before it could answer: nobody can know the secret
        if (made !== undefined) return { status: 201, body: { ...shown(made, now), secret: null } };
        const expiresAt = futureTime(body.expiresAt, now);
        if (expiresAt.getTime() - now.getTime() > LONGEST_TOKEN_MS) {
          throw invalidField('/expiresAt', 'expiresAt must lie within a year.');
        }
        // judged under the locks of membership: a token outlives whoever made it
        return asMember(pool, memberActing(context), RIGHT, now, async ({ connection }) => {
          const { secret } = await createServiceToken(connection, {
            id,
            kind: 'organization',
            name: body.name,
            scopes: body.scopes,
            expiresAt,
            organizationId,
            createdBy: personId,
            now,
          });
          const stored = existing(await findServiceToken(connection, organizationId, id));
          return { status: 201, body: { ...shown(stored, now), secret } };
        });
      });
    },
  });
}

function revokeRoute(surroundings: OrganizationTokenSurroundings): Route {
  const { pool, clock } = surroundings;
  return accountRoute(surroundings, {
    method: 'delete',
    path: `${LIST}/{tokenId}`,
    summary: 'Revoke a token for good',
    description: 'It is refused within a second. Revoking it again changes nothing.',
    tag: TAG,
    right: RIGHT,
    params: params.extend({ tokenId: z.string() }),
    answers: { 200: { description: 'The revoked token', schema: token } },
    problems: ['organization-not-found', 'not-found'],
    async handle(context) {
      const { tokenId } = context.params;
      if (!isUuid(tokenId)) throw notFound();
      const organizationId = context.access.ownerId;
      const now = clock();
      return asMember(pool, memberActing(context), RIGHT, now, async ({ connection }) => {
        await revokeServiceToken(connection, tokenId, now, organizationId);
        const revoked = existing(await findServiceToken(connection, organizationId, tokenId));
        return { status: 200, body: shown(revoked, now) };
      });
    },
  });
}

function existing(found: ServiceTokenRecord | undefined): ServiceTokenRecord {
  if (found === undefined) throw notFound();
  return found;
}

function notFound(): Problem {
  return new Problem('not-found', 'There is no such token.');
}

function shown(one: ServiceTokenRecord, now: Date): z.input<typeof token> {
  return {
    id: one.id,
    name: one.name,
    prefix: one.prefix,
    scopes: [...one.scopes],
    state:
      one.revokedAt !== undefined
        ? 'revoked'
        : one.expiresAt !== undefined && one.expiresAt <= now
          ? 'expired'
          : 'active',
    createdAt: one.createdAt.toISOString(),
    createdBy: one.createdBy ?? null,
    expiresAt: one.expiresAt?.toISOString() ?? null,
    revokedAt: one.revokedAt?.toISOString() ?? null,
    lastUsedAt: one.lastUsedAt?.toISOString() ?? null,
  };
}
