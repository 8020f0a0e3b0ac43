// Service tokens: how gateways, operators and an organization's programs prove who they are, checked from memory because every request asks.
import { v7 as uuidv7 } from 'uuid';
import type { Clock } from './clock.ts';
import type { Connection, Pool } from './database.ts';
import type { Notifications } from './notifications.ts';
import { createSecret, hashSecret, recognisedPrefix, secretKind } from './secrets.ts';

/** What each kind of token may be allowed: `explicit-cost` lets a gateway say itself what an event costs. */
const serviceTokenScopes = {
  gateway: ['usage', 'explicit-cost'],
  operator: ['read', 'money', 'prices'],
  organization: ['read', 'keys'],
} as const;

export type ServiceTokenKind = keyof typeof serviceTokenScopes;
export type ServiceTokenScope = (typeof serviceTokenScopes)[ServiceTokenKind][number];

export interface ServiceToken {
  readonly id: string;
  readonly kind: ServiceTokenKind;
  readonly name: string;
  readonly scopes: ReadonlySet<string>;
  /** Of a token of the kind `organization`: whose. */
  readonly organizationId: string | undefined;
  readonly expiresAt: Date | undefined;
}

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
  update service_tokens set revoked_at = $2::timestamptz where id = $1::uuid and revoked_at is null`;

const FIND_SERVICE_TOKEN = `
  select id, kind, name, scopes, organization_id, expires_at from service_tokens
  where token_hash = $1::bytea and revoked_at is null`;

interface ServiceTokenRow {
  id: string;
  kind: ServiceTokenKind;
  name: string;
  scopes: string[];
  organization_id: string | null;
  expires_at: Date | null;
}

/** Makes a token and returns its secret, which nobody can read again. Throws `RangeError` for a foreign scope. */
export async function createServiceToken(
  db: Pool | Connection,
  token: {
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
  const scopes = token.scopes ?? DEFAULT_SCOPES[token.kind];
  const allowed: readonly string[] = serviceTokenScopes[token.kind];
  const foreign = scopes.find((scope) => !allowed.includes(scope));
  if (foreign !== undefined) throw new RangeError(`a ${token.kind} token has no scope ${foreign}`);
  const id = uuidv7();
  const secret = createSecret(token.kind);
  await db.query(INSERT_SERVICE_TOKEN, [
    id,
    token.kind,
    token.name,
    hashSecret(secret),
    scopes,
    token.now,
    token.expiresAt ?? null,
    token.organizationId ?? null,
    token.createdBy ?? null,
    recognisedPrefix(secret),
  ]);
  return { id, secret };
}

/** Ends a token for good; every process forgets it at once. Returns whether there was one to end. */
export async function revokeServiceToken(db: Pool, id: string, now: Date): Promise<boolean> {
  const { rowCount } = await db.query(REVOKE_SERVICE_TOKEN, [id, now]);
  return rowCount === 1;
}

export interface ServiceTokens {
  /** The token of a secret, from memory only: `undefined` means that `verify` has to be asked. */
  verifyCached(secret: string): ServiceToken | undefined;
  /** The token of a secret that is known, not revoked and not expired. */
  verify(secret: string): Promise<ServiceToken | undefined>;
}

const KNOWN_MS = 5_000;
/** While announcements are not heard, and for secrets that are unknown. */
const BRIEFLY_MS = 1_000;
const REMEMBERED_MAX = 1_000;

interface Remembered {
  readonly token: ServiceToken | undefined;
  readonly until: number;
}

/**
 * Remembers tokens for at most five seconds and unknown secrets for one; a change announced on `service_tokens`
 * empties the memory, and a lookup that was under way meanwhile is not remembered.
 */
export function serviceTokens(db: Pool, clock: Clock, notifications: Notifications): ServiceTokens {
  let remembered = new Map<string, Remembered>();
  const asking = new Map<string, Promise<ServiceToken | undefined>>();
  notifications.on('service_tokens', () => {
    remembered = new Map();
    asking.clear();
  });

  function recall(key: string): Remembered | undefined {
    const found = remembered.get(key);
    return found !== undefined && performance.now() < found.until ? found : undefined;
  }

  async function ask(secret: string, key: string): Promise<ServiceToken | undefined> {
    const memory = remembered;
    const { rows } = await db.query<ServiceTokenRow>({
      name: 'find-service-token',
      text: FIND_SERVICE_TOKEN,
      values: [hashSecret(secret)],
    });
    const token = rows[0] && fromRow(rows[0]);
    const keepMs = token !== undefined && notifications.listening ? KNOWN_MS : BRIEFLY_MS;
    if (memory.size >= REMEMBERED_MAX) memory.clear();
    // after an announcement this is a map that nobody reads any more
    memory.set(key, { token, until: performance.now() + keepMs });
    return token;
  }

  return {
    verifyCached: (secret) => alive(recall(keyOf(secret))?.token, clock),
    async verify(secret) {
      const kind = secretKind(secret);
      if (kind === undefined || kind === 'live' || kind === 'test') return undefined;
      const key = keyOf(secret);
      const found = recall(key);
      if (found !== undefined) return alive(found.token, clock);
      const answer = asking.get(key) ?? ask(secret, key).finally(() => asking.delete(key));
      asking.set(key, answer);
      return alive(await answer, clock);
    },
  };
}

function keyOf(secret: string): string {
  return hashSecret(secret).toString('base64');
}

function alive(token: ServiceToken | undefined, clock: Clock): ServiceToken | undefined {
  return token?.expiresAt !== undefined && token.expiresAt <= clock() ? undefined : token;
}

function fromRow(row: ServiceTokenRow): ServiceToken {
  return {
    id: row.id,
    kind: row.kind,
    name: row.name,
    scopes: new Set(row.scopes),
    organizationId: row.organization_id ?? undefined,
    expiresAt: row.expires_at ?? undefined,
  };
}
