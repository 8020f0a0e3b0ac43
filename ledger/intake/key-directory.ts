// The key directory: who pays and who is accountable for an API key, cached in the process and bounded in time.
import { createHash } from 'node:crypto';
import type { Pool } from '../database.ts';

export const SELECT_KEYS = `
  select id, account_id, member_id, encode(secret_hash, 'hex') as hash, expires_at, revoked_at
  from api_keys where id = any ($1::uuid[]) or secret_hash = any ($2::bytea[])`;

interface KeyRow {
  id: string;
  account_id: string;
  member_id: string;
  hash: string;
  expires_at: Date | null;
  revoked_at: Date | null;
}

/** What intake needs to know of an API key. */
export interface KnownKey {
  readonly id: string;
  readonly accountId: string;
  readonly memberId: string;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
}

/** Names a key by its id, or by the SHA-256 of its secret: secrets are not kept in memory. */
export type KeyName = string;

export function keyName(apiKeyId: string | undefined, apiKey: string | undefined): KeyName {
  return (
    apiKeyId ??
    `sha256:${createHash('sha256')
      .update(apiKey ?? '')
      .digest('hex')}`
  );
}

const FRESH_MS = 1_000;
const MOST_KEYS = 50_000;

export class KeyDirectory {
  readonly #pool: Pool;
  readonly #known = new Map<KeyName, { key: KnownKey | undefined; readAtMs: number }>();

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
      else missing.push(name);
    }
    if (missing.length > 0) await this.#read(missing, found, nowMs);
    return found;
  }

  /** Forgets everything: some key has changed. */
  forget(): void {
    this.#known.clear();
  }

  async #read(names: KeyName[], found: Map<KeyName, KnownKey | undefined>, nowMs: number): Promise<void> {
    const ids = names.filter((name) => !name.startsWith('sha256:'));
    const hashes = names.filter((name) => name.startsWith('sha256:')).map((name) => `\\x${name.slice(7)}`);
    const { rows } = await this.#pool.query<KeyRow>({
      name: 'select-keys',
      text: SELECT_KEYS,
      values: [ids, hashes],
    });
    const byName = new Map<KeyName, KnownKey>();
    for (const row of rows) {
      const key = {
        id: row.id,
        accountId: row.account_id,
        memberId: row.member_id,
        expiresAt: row.expires_at,
        revokedAt: row.revoked_at,
      };
      byName.set(row.id, key);
      byName.set(`sha256:${row.hash}`, key);
    }
    if (this.#known.size > MOST_KEYS) this.#known.clear();
    for (const name of names) {
      const key = byName.get(name);
      found.set(name, key);
      this.#known.set(name, { key, readAtMs: nowMs });
    }
  }
}
