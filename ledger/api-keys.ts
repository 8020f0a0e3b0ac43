// API keys: one payer account, one accountable member; made, listed and revoked here, resolved by the intake.
import { v7 as uuidv7 } from 'uuid';
import { type Pool, withTransaction } from './database.ts';
import { createSecret, hashSecret, recognisedPrefix } from './secrets.ts';

export interface ApiKey {
  readonly id: string;
  readonly name: string;
  /** The beginning of the secret, by which people recognise it. */
  readonly prefix: string;
  readonly memberId: string;
  readonly memberName: string;
  readonly createdAt: Date;
  readonly expiresAt: Date | undefined;
  readonly revokedAt: Date | undefined;
}

interface ApiKeyRow {
  id: string;
  name: string;
  prefix: string;
  member_id: string;
  member_name: string;
  created_at: Date;
  expires_at: Date | null;
  revoked_at: Date | null;
}

const INSERT_API_KEY = `
  with made as (
    insert into api_keys (id, account_id, member_id, name, secret_hash, prefix, created_at, created_by, expires_at)
    values ($1::uuid, $2::uuid, $3::uuid, $4::text, $5::bytea, $6::text, $7::timestamptz, $3::uuid, $8::timestamptz)
    returning *
  )
  select made.id, made.name, prefix, member_id, p.name as member_name, made.created_at, expires_at, revoked_at
  from made join auth.people p on p.id = made.member_id`;

const LIST_API_KEYS = `
  select k.id, k.name, prefix, member_id, p.name as member_name, k.created_at, expires_at, revoked_at
  from api_keys k join auth.people p on p.id = k.member_id
  where account_id = $1::uuid
    and ($2::uuid is null or member_id = $2::uuid)
    and ($3::uuid is null or k.id < $3::uuid)
  order by k.id desc
  limit $4::int4`;

const REVOKE_API_KEY = `
  with revoked as (
    update api_keys
    set revoked_at = coalesce(revoked_at, $4::timestamptz), revoked_by = coalesce(revoked_by, $5::uuid)
    where id = $1::uuid and account_id = $2::uuid and ($3::uuid is null or member_id = $3::uuid)
    returning *
  )
  select r.id, r.name, prefix, member_id, p.name as member_name, r.created_at, expires_at, revoked_at
  from revoked r join auth.people p on p.id = r.member_id`;

/**
 * Makes a key of a member that the account pays for. The secret is returned this once and stored as a hash.
 * Refuses with `account-not-found` when the person has no part in the account (any more).
 */
export async function createApiKey(
  pool: Pool,
  key: {
    accountId: string;
    memberId: string;
    name: string;
    live: boolean;
    expiresAt?: Date | undefined;
    now: Date;
  },
): Promise<{ apiKey: ApiKey; secret: string }> {
  const secret = createSecret(key.live ? 'live' : 'test');
  const values = [
    uuidv7(),
    key.accountId,
    key.memberId,
    key.name,
    hashSecret(secret),
    recognisedPrefix(secret),
    key.now,
    key.expiresAt ?? null,
  ];
  return withTransaction(pool, async (connection) => {
    const { rows } = await connection.query<ApiKeyRow>(INSERT_API_KEY, values);
    const [apiKey] = rows.map(fromRow);
    if (apiKey === undefined) throw new Error('the key that was inserted did not come back');
    return { apiKey, secret };
  });
}

/** Keys of an account, newest first, of one member or of all; `before` is the id of the last one already read. */
export async function listApiKeys(
  pool: Pool,
  page: { accountId: string; memberId: string | undefined; before: string | undefined; limit: number },
): Promise<ApiKey[]> {
  const values = [page.accountId, page.memberId ?? null, page.before ?? null, page.limit];
  const { rows } = await pool.query<ApiKeyRow>(LIST_API_KEYS, values);
  return rows.map(fromRow);
}

/**
 * Ends a key for good, in every process within a moment; a key that was revoked before stays as it was. With
 * `memberId` only a key of that member. Returns `undefined` when there is no such key.
 */
export async function revokeApiKey(
  pool: Pool,
  key: { id: string; accountId: string; memberId: string | undefined; revokedBy: string; now: Date },
): Promise<ApiKey | undefined> {
  const values = [key.id, key.accountId, key.memberId ?? null, key.now, key.revokedBy];
  const { rows } = await pool.query<ApiKeyRow>(REVOKE_API_KEY, values);
  return rows.map(fromRow)[0];
}

function fromRow(row: ApiKeyRow): ApiKey {
  return {
    id: row.id,
    name: row.name,
    prefix: row.prefix,
    memberId: row.member_id,
    memberName: row.member_name,
    createdAt: row.created_at,
    expiresAt: row.expires_at ?? undefined,
    revokedAt: row.revoked_at ?? undefined,
  };
}
