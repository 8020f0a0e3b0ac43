// Idempotency keys: who works on a request first, what it creates, and the answer that its repetitions get.
import { v7 as uuidv7 } from 'uuid';
import type { Pool } from './database.ts';

export interface StoredAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

export type Claim =
  /** Ours to work on: what it creates has this id, also when an earlier holder of the claim died. */
  | { readonly kind: 'mine'; readonly resourceId: string; readonly claimedAt: Date }
  | { readonly kind: 'under-way' }
  | { readonly kind: 'answered'; readonly answer: StoredAnswer }
  | { readonly kind: 'other-content' };

/* A claim that is older than 60 s is taken over with the id of what it was to create. */
const CLAIM_KEY = `
  insert into idempotency_keys as k (caller, key, request_hash, resource_id, claimed_at)
  values ($1::text, $2::text, $3::bytea, $4::uuid, $5::timestamptz)
  on conflict (caller, key) do update set claimed_at = $5::timestamptz
    where k.status is null and k.request_hash = $3::bytea and k.claimed_at <= $5::timestamptz - interval '60 seconds'
  returning resource_id`;

const FIND_KEY = `
  select request_hash = $3::bytea as same, status, headers, body from idempotency_keys
  where caller = $1::text and key = $2::text`;

interface KeyRow {
  same: boolean;
  status: number | null;
  headers: Record<string, string> | null;
  body: unknown;
}

/** Claims a key for a request; at any moment at most one caller holds it. */
export async function claimKey(
  pool: Pool,
  request: { caller: string; key: string; hash: Buffer },
  now: Date,
): Promise<Claim> {
  const { caller, key, hash } = request;
  const claimed = await pool.query<{ resource_id: string }>(CLAIM_KEY, [caller, key, hash, uuidv7(), now]);
  const mine = claimed.rows[0];
  if (mine !== undefined) return { kind: 'mine', resourceId: mine.resource_id, claimedAt: now };
  const { rows } = await pool.query<KeyRow>(FIND_KEY, [caller, key, hash]);
  const row = rows[0];
  if (row === undefined) return { kind: 'under-way' };
  if (!row.same) return { kind: 'other-content' };
  if (row.status === null) return { kind: 'under-way' };
  return { kind: 'answered', answer: { status: row.status, headers: row.headers ?? {}, body: row.body } };
}

const STORE_ANSWER = `
  update idempotency_keys set status = $3::int4, headers = $4::jsonb, body = $5::jsonb
  where caller = $1::text and key = $2::text and status is null`;

/** Stores the answer for everybody who comes with the same key. */
export async function storeAnswer(
  pool: Pool,
  { caller, key }: { caller: string; key: string },
  answer: StoredAnswer,
): Promise<void> {
  await pool.query(STORE_ANSWER, [
    caller,
    key,
    answer.status,
    answer.headers,
    JSON.stringify(answer.body ?? null),
  ]);
}

const RELEASE_KEY = `
  update idempotency_keys set claimed_at = claimed_at - interval '60 seconds'
  where caller = $1::text and key = $2::text and status is null and claimed_at = $3::timestamptz`;

/** Gives a claim back after a failure: the next request with the key goes on with the same id, at once. */
export async function releaseKey(
  pool: Pool,
  { caller, key }: { caller: string; key: string },
  claimedAt: Date,
): Promise<void> {
  await pool.query(RELEASE_KEY, [caller, key, claimedAt]);
}
