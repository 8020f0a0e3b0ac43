// Service tokens: how gateways, operators and an organization's programs prove who they are; made, listed and revoked here.
import { v7 as uuidv7 } from 'uuid';
import type { Connection, Pool } from './database.ts';
import { createSecret, hashSecret, recognisedPrefix } from './secrets.ts';

/**
 * What each kind of token may be allowed. A gateway's `usage` lets it record usage, and `explicit-cost` beside it say
 * itself what an event costs.
 */
export const serviceTokenScopes = {
  gateway: ['usage', 'explicit-cost'],
  operator: ['read', 'money', 'prices'],
  organization: ['read', 'keys'],
} as const;

export type ServiceTokenKind = keyof typeof serviceTokenScopes;
export type ServiceTokenScope = (typeof serviceTokenScopes)[ServiceTokenKind][number];

/** A token as it is presented. */
export interface ServiceToken {
  readonly id: string;
  readonly kind: ServiceTokenKind;
  readonly name: string;
  readonly scopes: ReadonlySet<string>;
  /** Of a token of the kind `organization`: whose. */
  readonly organizationId: string | undefined;
  readonly expiresAt: Date | undefined;
}

/** How long a token of an operator or an organization may last at most. */
export const LONGEST_TOKEN_MS = 366 * 86_400_000;

/** What a token is given when nobody says otherwise. */
const DEFAULT_SCOPES: Record<ServiceTokenKind, readonly ServiceTokenScope[]> = {
  gateway: ['usage'],
  operator: serviceTokenScopes.operator,
  organization: ['read'],
};

const INSERT_SERVICE_TOKEN = `
  insert into service_tokens (id, kind, name, token_hash, scopes, created_at, expires_at, organization_id, created_by, prefix)
  values ($1::uuid, $2::text, $3::text, $4::bytea, $5::text[], $6::timestamptz, $7::timestamptz, $8::uuid, $9::uuid, $10::text)`;

const REVOKE_SERVICE_TOKEN = `
  update service_tokens set revoked_at = $2::timestamptz
  where id = $1::uuid and organization_id is not distinct from $3::uuid and revoked_at is null`;

const READ_SERVICE_TOKENS = `
  select t.id, t.kind, t.name, t.prefix, t.scopes, t.created_at, t.expires_at, t.revoked_at, t.last_used_at,
    t.created_by, p.name as creator_name
  from service_tokens t left join auth.people p on p.id = t.created_by
  where t.organization_id is not distinct from $1::uuid
    and ($2::uuid is null or t.id = $2::uuid)
    and ($3::uuid is null or t.id < $3::uuid)
  order by t.id desc
  limit $4::int4`;

/** A token as people read it: never its secret. */
export interface ServiceTokenRecord {
  readonly id: string;
  readonly kind: ServiceTokenKind;
  readonly name: string;
  /** The beginning of the secret, by which people recognise it. */
  readonly prefix: string;
  readonly scopes: readonly string[];
  readonly createdAt: Date;
  /** Who made it; undefined for one made by a command. */
  readonly createdBy: { readonly id: string; readonly name: string } | undefined;
  readonly expiresAt: Date | undefined;
  readonly revokedAt: Date | undefined;
  /** To about a minute. */
  readonly lastUsedAt: Date | undefined;
}

interface ServiceTokenRow {
  id: string;
  kind: ServiceTokenKind;
  name: string;
  prefix: string;
  scopes: string[];
  created_at: Date;
  expires_at: Date | null;
  revoked_at: Date | null;
  last_used_at: Date | null;
  created_by: string | null;
  creator_name: string | null;
}

/**
 * Makes a token and returns its secret, which nobody can read again. Throws `RangeError` for a foreign scope, and for an operator's or an
 * organization's token without an end within a year. Refuses with `account-closed` for a closed organization.
 */
export async function createServiceToken(
  db: Pool | Connection,
  token: {
    id?: string;
    kind: ServiceTokenKind;
    name: string;
    scopes?: readonly ServiceTokenScope[];
    expiresAt?: Date | undefined;
    /** Of a token of the kind `organization`: whose it is, and who made it. */
    organizationId?: string;
    createdBy?: string;
    now: Date;
  },
): Promise<{ id: string; secret: string }> {
  const { id = uuidv7(), kind, expiresAt, now } = token;
  const scopes = token.scopes ?? DEFAULT_SCOPES[kind];
  const allowed: readonly string[] = serviceTokenScopes[kind];
  const foreign = scopes.find((scope) => !allowed.includes(scope));
  if (foreign !== undefined) throw new RangeError(`a ${kind} token has no scope ${foreign}`);
  const lastsMs = expiresAt === undefined ? Number.POSITIVE_INFINITY : expiresAt.getTime() - now.getTime();
  if (kind !== 'gateway' && lastsMs > LONGEST_TOKEN_MS) {
    throw new RangeError(`a token of the kind ${kind} expires within a year`);
  }
  const secret = createSecret(kind);
  await db.query(INSERT_SERVICE_TOKEN, [
    id,
    kind,
    token.name,
    hashSecret(secret),
    scopes,
    now,
    expiresAt ?? null,
    token.organizationId ?? null,
    token.createdBy ?? null,
    recognisedPrefix(secret),
  ]);
  return { id, secret };
}

/**
 * Ends a token for good, of an organization or (without one) of the deployment itself; every process forgets it at
 * once. Returns whether there was one to end.
 */
export async function revokeServiceToken(
  db: Pool | Connection,
  id: string,
  now: Date,
  organizationId?: string,
): Promise<boolean> {
  const { rowCount } = await db.query(REVOKE_SERVICE_TOKEN, [id, now, organizationId ?? null]);
  return rowCount === 1;
}

/** Tokens of an organization, or (without one) those of gateways and operators, newest first; `before` is the last one read. */
export async function listServiceTokens(
  db: Pool | Connection,
  organizationId: string | undefined,
  page: { before?: string | undefined; limit: number },
): Promise<ServiceTokenRecord[]> {
  const values = [organizationId ?? null, null, page.before ?? null, page.limit];
  const { rows } = await db.query<ServiceTokenRow>(READ_SERVICE_TOKENS, values);
  return rows.map(fromRow);
}

/** One token of an organization, or (without one) of the deployment. */
export async function findServiceToken(
  db: Pool | Connection,
  organizationId: string | undefined,
  id: string,
): Promise<ServiceTokenRecord | undefined> {
  const { rows } = await db.query<ServiceTokenRow>(READ_SERVICE_TOKENS, [
    organizationId ?? null,
    id,
    null,
    1,
  ]);
  return rows.map(fromRow)[0];
}

function fromRow(row: ServiceTokenRow): ServiceTokenRecord {
  return {
    id: row.id,
    kind: row.kind,
    name: row.name,
    prefix: row.prefix,
    scopes: row.scopes,
    createdAt: row.created_at,
    createdBy: row.created_by === null ? undefined : { id: row.created_by, name: row.creator_name ?? '' },
    expiresAt: row.expires_at ?? undefined,
    revokedAt: row.revoked_at ?? undefined,
    lastUsedAt: row.last_used_at ?? undefined,
  };
}
