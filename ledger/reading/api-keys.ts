// API keys as people read them: whose they are, until when they work, when they were last used and what they spent.
import type { Connection, Pool } from '../database.ts';
import { type Nanos, nanosFromString } from '../money.ts';

export type ApiKeyState = 'active' | 'expired' | 'revoked';

export interface ApiKey {
  readonly id: string;
  readonly name: string;
  /** The beginning of the secret, by which people recognise it. */
  readonly prefix: string;
  readonly memberId: string;
  readonly memberName: string;
  readonly state: ApiKeyState;
  readonly createdAt: Date;
  readonly expiresAt: Date | undefined;
  readonly revokedAt: Date | undefined;
  readonly rotatedAt: Date | undefined;
  /** Until when some secret works that was replaced by now. */
  readonly replacedSecretsEndAt: Date | undefined;
  /** When the newest usage of the key occurred. */
  readonly lastUsedAt: Date | undefined;
  /** What was recorded of it this month (UTC). */
  readonly spentThisMonth: Nanos;
}

interface ApiKeyRow {
  id: string;
  name: string;
  prefix: string;
  member_id: string;
  member_name: string;
  state: ApiKeyState;
  created_at: Date;
  expires_at: Date | null;
  revoked_at: Date | null;
  rotated_at: Date | null;
  replaced_secrets_end_at: Date | null;
  last_used_at: Date | null;
  spent_this_month: string;
}

/* The page is chosen before anything is looked up for its keys. */
const READ_API_KEYS = `
  select k.id, k.name, k.prefix, k.member_id, p.name as member_name, k.state, k.created_at, k.expires_at, k.revoked_at,
    k.rotated_at, s.ends_at as replaced_secrets_end_at, api_key_last_used(k.id) as last_used_at,
    api_key_spent(k.id, date_trunc('month', $2::timestamptz at time zone 'UTC')::date)::text as spent_this_month
  from (
    select * from (
      select *, case when revoked_at is not null then 'revoked' when expires_at <= $2::timestamptz then 'expired' else 'active' end as state
      from api_keys
      where account_id = $1::uuid
        and ($3::uuid is null or id = $3::uuid)
        and ($4::uuid is null or member_id = $4::uuid)
        and ($6::uuid is null or id < $6::uuid)
    ) of_account
    where $5::text is null or state = $5::text
    order by id desc
    limit $7::int4
  ) k
  join auth.people p on p.id = k.member_id
  left join lateral (
    select max(ends_at) as ends_at from api_key_secrets where api_key_id = k.id and ends_at > $2::timestamptz
  ) s on k.state = 'active'
  order by k.id desc`;

export interface ApiKeyFilter {
  readonly memberId?: string | undefined;
  readonly state?: ApiKeyState | undefined;
}

/** Keys of an account, newest first; `before` is the id of the last one already read. */
export async function listApiKeys(
  db: Pool | Connection,
  accountId: string,
  { memberId, state }: ApiKeyFilter,
  page: { before: string | undefined; limit: number; now: Date },
): Promise<ApiKey[]> {
  const values = [
    accountId,
    page.now,
    null,
    memberId ?? null,
    state ?? null,
    page.before ?? null,
    page.limit,
  ];
  const { rows } = await db.query<ApiKeyRow>(READ_API_KEYS, values);
  return rows.map(fromRow);
}

/** One key of an account, of one member where `memberId` says so. */
export async function findApiKey(
  db: Pool | Connection,
  accountId: string,
  id: string,
  now: Date,
  memberId?: string,
): Promise<ApiKey | undefined> {
  const { rows } = await db.query<ApiKeyRow>(READ_API_KEYS, [
    accountId,
    now,
    id,
    memberId ?? null,
    null,
    null,
    1,
  ]);
  return rows.map(fromRow)[0];
}

function fromRow(row: ApiKeyRow): ApiKey {
  return {
    id: row.id,
    name: row.name,
    prefix: row.prefix,
    memberId: row.member_id,
    memberName: row.member_name,
    state: row.state,
    createdAt: row.created_at,
    expiresAt: row.expires_at ?? undefined,
    revokedAt: row.revoked_at ?? undefined,
    rotatedAt: row.rotated_at ?? undefined,
    replacedSecretsEndAt: row.replaced_secrets_end_at ?? undefined,
    lastUsedAt: row.last_used_at ?? undefined,
    spentThisMonth: nanosFromString(row.spent_this_month),
  };
}
