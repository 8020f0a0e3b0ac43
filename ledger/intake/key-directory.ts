// The key directory: who pays and who is accountable for an API key, cached in the process and bounded in time.
import type { Pool } from '../database.ts';
import { hashSecret, secretKind } from '../secrets.ts';

const SELECT_KEYS = `
  select k.id, k.account_id, k.expires_at, k.revoked_at, n.hash, n.ends_at, h.member_ids, h.since
  from (
    select id, null as hash, null as ends_at from unnest($1::uuid[]) as id
    union all
    select api_key_id, encode(hash, 'hex'), ends_at from api_key_secrets where hash = any ($2::bytea[])
  ) n
  join api_keys k on k.id = n.id
  cross join lateral (
    select array_agg(member_id order by since) as member_ids, array_agg(since order by since) as since
    from api_key_holders where api_key_id = k.id
  ) h`;

interface KeyRow {
  id: string;
  account_id: string;
  expires_at: Date | null;
  revoked_at: Date | null;
  /** Of the secret that was asked for; null when the id was. */
  hash: string | null;
  ends_at: Date | null;
  member_ids: string[];
  since: Date[];
}

/** A member who answered for a key, and since when. */
export interface KeyHolder {
  readonly memberId: string;
  readonly since: Date;
}

/** What intake needs to know of an API key, as it was named. */
export interface KnownKey {
  readonly id: string;
  readonly accountId: string;
  /** In the order of time; at least one. */
  readonly holders: readonly KeyHolder[];
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  /** When the secret by which it was named ends; null for one in force, and for a key named by its id. */
  readonly secretEndsAt: Date | null;
}

/** Names a key by its id, or by the SHA-256 of its secret: secrets are not kept in memory. */
export type KeyName = string;

const SECRET = 'sha256:';
const MISTYPED: KeyName = 'mistyped';

export function keyName(apiKeyId: string | undefined, apiKey: string | undefined): KeyName {
  if (apiKeyId !== undefined) return apiKeyId;
  const kind = secretKind(apiKey ?? '');
  return kind === 'live' || kind === 'test' ? SECRET + hashSecret(apiKey ?? '').toString('hex') : MISTYPED;
}

const FRESH_MS = 1_000;
const MOST_KEYS = 50_000;

type Known = Map<KeyName, { key: KnownKey | undefined; readAtMs: number }>;

export class KeyDirectory {
  readonly #pool: Pool;
  #known: Known = new Map();

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** The keys behind `names`, read again when older than a second; a name nobody has is undefined. */
  async find(names: ReadonlySet<KeyName>): Promise<Map<KeyName, KnownKey | undefined>> {
    const nowMs = performance.now();
    const found = new Map<KeyName, KnownKey | undefined>();
    const missing: KeyName[] = [];
    for (const name of names) {
      const entry = this.#known.get(name);
      if (entry !== undefined && nowMs - entry.readAtMs < FRESH_MS) found.set(name, entry.key);
      else if (name !== MISTYPED) missing.push(name);
    }
    if (missing.length > 0) await this.#read(missing, found, nowMs);
    return found;
  }

  /** Forgets everything: some key has changed. What is being read meanwhile is not remembered either. */
  forget(): void {
    this.#known = new Map();
  }

  async #read(names: KeyName[], found: Map<KeyName, KnownKey | undefined>, nowMs: number): Promise<void> {
    const known = this.#known;
    const { rows } = await this.#pool.query<KeyRow>({
      name: 'select-keys',
      text: SELECT_KEYS,
      values: [
        names.filter((name) => !name.startsWith(SECRET)),
        names
          .filter((name) => name.startsWith(SECRET))
          .map((name) => Buffer.from(name.slice(SECRET.length), 'hex')),
      ],
    });
    const byName = new Map(
      rows.map((row) => [row.hash === null ? row.id : SECRET + row.hash, fromRow(row)] as const),
    );
    if (known.size > MOST_KEYS) known.clear();
    for (const name of names) {
      const key = byName.get(name);
      found.set(name, key);
      known.set(name, { key, readAtMs: nowMs });
    }
  }
}

function fromRow(row: KeyRow): KnownKey {
  return {
    id: row.id,
    accountId: row.account_id,
    holders: row.member_ids.map((memberId, index) => ({ memberId, since: row.since[index] ?? new Date(0) })),
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
    secretEndsAt: row.ends_at,
  };
}
