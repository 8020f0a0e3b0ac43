// API keys: one payer account, one accountable member; made, changed, rotated, handed over and revoked here.
import { v7 as uuidv7 } from 'uuid';
import { type Actor, withActing } from './acting.ts';
import type { Connection, Pool } from './database.ts';
import { holdRole } from './membership.ts';
import { type ApiKey, findApiKey } from './reading/api-keys.ts';
import { Refusal } from './refusal.ts';
import { createSecret, hashSecret, recognisedPrefix } from './secrets.ts';

const INSERT_API_KEY = `
  insert into api_keys (id, account_id, member_id, name, prefix, created_at, expires_at)
  values ($1::uuid, $2::uuid, $3::uuid, $4::text, $5::text, $6::timestamptz, $7::timestamptz)`;

const INSERT_SECRET = `
  insert into api_key_secrets (hash, api_key_id, prefix, created_at)
  values ($1::bytea, $2::uuid, $3::text, $4::timestamptz)`;

const LOCK_API_KEY = `
  select revoked_at is not null as revoked, coalesce(expires_at <= $4::timestamptz, false) as expired from api_keys
  where id = $1::uuid and account_id = $2::uuid and ($3::uuid is null or member_id = $3::uuid)
  for update`;

const CHANGE_API_KEY = `
  update api_keys set name = coalesce($2::text, name), expires_at = case when $3::boolean then $4::timestamptz else expires_at end
  where id = $1::uuid`;

/* A secret that was to end earlier still does. */
const END_SECRETS = `
  update api_key_secrets set ends_at = $2::timestamptz
  where api_key_id = $1::uuid and (ends_at is null or ends_at > $2::timestamptz)`;

const ROTATE_API_KEY = `
  update api_keys set prefix = $2::text, rotated_at = $3::timestamptz where id = $1::uuid`;

const REVOKE_API_KEY = `
  update api_keys set revoked_at = $2::timestamptz where id = $1::uuid and revoked_at is null`;

const LOCK_ACCOUNT = 'select from account_balances where account_id = $1::uuid for update';

const HAND_OVER_API_KEY = 'select hand_over_api_key($1::uuid, $2::uuid, $3::timestamptz)';

/** A key that somebody wants changed: theirs alone with `memberId`, any of the account without. */
export interface ApiKeyChange {
  readonly id: string;
  readonly accountId: string;
  readonly memberId: string | undefined;
  /** Without `memberId`: a person who acts must have one of these roles at the very moment of the change. */
  readonly stewards?: readonly string[] | undefined;
  readonly actor: Actor;
  readonly now: Date;
}

/**
 * Makes a key of a member that the account pays for. The secret is returned this once and stored as a hash.
 * Refuses with `account-not-found` when the person has no part in the account (any more), `member-not-found` when a
 * program named somebody who has none, `account-closed`.
 */
export async function createApiKey(
  pool: Pool,
  key: {
    id?: string;
    accountId: string;
    memberId: string;
    name: string;
    live: boolean;
    expiresAt?: Date | undefined;
    actor: Actor;
    now: Date;
  },
): Promise<{ apiKey: ApiKey; secret: string }> {
  const { id = uuidv7(), accountId, now } = key;
  const secret = createSecret(key.live ? 'live' : 'test');
  return withActing(pool, key.actor, now, async (connection) => {
    await connection.query(INSERT_API_KEY, [
      id,
      accountId,
      key.memberId,
      key.name,
      recognisedPrefix(secret),
      now,
      key.expiresAt ?? null,
    ]);
    await insertSecret(connection, id, secret, now);
    return { apiKey: await theKey(connection, accountId, id, now), secret };
  });
}

/**
 * Gives a key another name, another end, or both; `expiresAt: null` lets it work for ever. Undefined when there is no
 * such key. Refuses with `api-key-inactive` when it is revoked.
 */
export function changeApiKey(
  pool: Pool,
  {
    name,
    expiresAt,
    ...key
  }: ApiKeyChange & { name?: string | undefined; expiresAt?: Date | null | undefined },
): Promise<ApiKey | undefined> {
  return changing(pool, key, async (connection, { revoked }) => {
    if (revoked) throw inactive();
    await connection.query(CHANGE_API_KEY, [
      key.id,
      name ?? null,
      expiresAt !== undefined,
      expiresAt ?? null,
    ]);
  });
}

/**
 * Replaces the secret of a key; the new one is returned this once. Secrets before it work on until `graceMs` from now,
 * or until an earlier rotation said. Undefined when there is no such key. Refuses with `api-key-inactive`.
 */
export async function rotateApiKey(
  pool: Pool,
  { graceMs, live, ...key }: ApiKeyChange & { graceMs: number; live: boolean },
): Promise<{ apiKey: ApiKey; secret: string } | undefined> {
  const secret = createSecret(live ? 'live' : 'test');
  const apiKey = await changing(pool, key, async (connection, { revoked, expired }) => {
    if (revoked || expired) throw inactive();
    await connection.query(END_SECRETS, [key.id, new Date(key.now.getTime() + graceMs)]);
    await insertSecret(connection, key.id, secret, key.now);
    await connection.query(ROTATE_API_KEY, [key.id, recognisedPrefix(secret), key.now]);
  });
  return apiKey && { apiKey, secret };
}

/**
 * Ends a key for good, in every process within a moment; a key that was revoked before stays as it was. Undefined
 * when there is no such key.
 */
export function revokeApiKey(pool: Pool, key: ApiKeyChange): Promise<ApiKey | undefined> {
  return changing(pool, key, async (connection) => {
    await connection.query(REVOKE_API_KEY, [key.id, key.now]);
  });
}

/**
 * Hands a key to another current member: the same secret, accounted to that member from now on. Undefined when there is
 * no such key. Refuses with `member-not-found`, `api-key-inactive`.
 */
export function handOverApiKey(
  pool: Pool,
  { to, ...key }: Omit<ApiKeyChange, 'memberId'> & { to: string },
): Promise<ApiKey | undefined> {
  return withActing(pool, key.actor, key.now, async (connection) => {
    // as the function does it: the account before members, and they before the key
    await connection.query(LOCK_ACCOUNT, [key.accountId]);
    if (!(await isInReach(connection, { ...key, memberId: undefined }))) return undefined;
    if ((await findApiKey(connection, key.accountId, key.id, key.now)) === undefined) return undefined;
    await connection.query(HAND_OVER_API_KEY, [key.id, to, key.now]);
    return theKey(connection, key.accountId, key.id, key.now);
  });
}

interface LockedKey {
  readonly revoked: boolean;
  readonly expired: boolean;
}

/** Locks the key, does the work if there is one, and returns what it is then. */
function changing(
  pool: Pool,
  key: ApiKeyChange,
  work: (connection: Connection, locked: LockedKey) => Promise<void>,
): Promise<ApiKey | undefined> {
  const { id, accountId, memberId, actor, now } = key;
  return withActing(pool, actor, now, async (connection) => {
    if (!(await isInReach(connection, key))) return undefined;
    const { rows } = await connection.query<LockedKey>(LOCK_API_KEY, [id, accountId, memberId ?? null, now]);
    const [locked] = rows;
    if (locked === undefined) return undefined;
    await work(connection, locked);
    return theKey(connection, accountId, id, now);
  });
}

/**
 * Whether whoever wants to change a key of others may still do so, and does until the transaction ends: the key of an
 * admin who is removed may just have been handed to somebody else.
 */
async function isInReach(
  connection: Connection,
  { accountId, memberId, stewards, actor }: ApiKeyChange,
): Promise<boolean> {
  if (memberId !== undefined || stewards === undefined || actor.kind !== 'person') return true;
  return actor.id !== undefined && holdRole(connection, { accountId, personId: actor.id, roles: stewards });
}

async function insertSecret(connection: Connection, id: string, secret: string, now: Date): Promise<void> {
  await connection.query(INSERT_SECRET, [hashSecret(secret), id, recognisedPrefix(secret), now]);
}

async function theKey(connection: Connection, accountId: string, id: string, now: Date): Promise<ApiKey> {
  const apiKey = await findApiKey(connection, accountId, id, now);
  if (apiKey === undefined) throw new Error(`the API key ${id} did not come back`);
  return apiKey;
}

function inactive(): Refusal {
  return new Refusal('api-key-inactive', 'The API key is revoked or has expired.');
}
