// The token directory: whose a service token is, answered from memory because every request asks.
import type { Clock } from './clock.ts';
import type { Pool } from './database.ts';
import type { Notifications } from './notifications.ts';
import { Refusal } from './refusal.ts';
import { hashSecret, secretKind } from './secrets.ts';
import type { ServiceToken, ServiceTokenKind } from './service-tokens.ts';

export interface ServiceTokens {
  /** The token of a secret, from memory only: `undefined` means that `verify` has to be asked. */
  verifyCached(secret: string): ServiceToken | undefined;
  /**
   * The token of a secret; undefined for a secret that nobody ever had. Whoever holds one that has ended is told:
   * refuses with `token-expired`, `token-revoked`.
   */
  verify(secret: string): Promise<ServiceToken | undefined>;
}

const FIND_SERVICE_TOKEN = `
  select id, kind, name, scopes, organization_id, expires_at, revoked_at from service_tokens where token_hash = $1::bytea`;

/* Several processes note it: the row is written once a minute all the same. */
const NOTE_USE = `
  update service_tokens set last_used_at = $2::timestamptz
  where id = $1::uuid and (last_used_at is null or last_used_at < $2::timestamptz - interval '1 minute')`;

interface ServiceTokenRow {
  id: string;
  kind: ServiceTokenKind;
  name: string;
  scopes: string[];
  organization_id: string | null;
  expires_at: Date | null;
  revoked_at: Date | null;
}

/** A revocation is honoured within this, also where its announcement is not heard. */
const FRESH_MS = 1_000;
const REMEMBERED_MAX = 1_000;
const NOTED_MS = 60_000;

interface Known {
  readonly token: ServiceToken;
  readonly revokedAt: Date | undefined;
}

interface Remembered {
  readonly known: Known | undefined;
  readonly until: number;
}

/**
 * Remembers tokens for at most a second; a change announced on `service_tokens` empties the memory at once, and a
 * lookup that was under way meanwhile is not remembered. Notes off the request's path, once a minute, that a token is
 * used.
 */
export function serviceTokens(db: Pool, clock: Clock, notifications: Notifications): ServiceTokens {
  let remembered = new Map<string, Remembered>();
  const asking = new Map<string, Promise<Known | undefined>>();
  const noted = new Map<string, number>();
  notifications.on('service_tokens', () => {
    remembered = new Map();
    asking.clear();
  });

  function recall(key: string): Remembered | undefined {
    const found = remembered.get(key);
    return found !== undefined && performance.now() < found.until ? found : undefined;
  }

  async function ask(secret: string, key: string): Promise<Known | undefined> {
    const memory = remembered;
    const startedMs = performance.now();
    const { rows } = await db.query<ServiceTokenRow>({
      name: 'find-service-token',
      text: FIND_SERVICE_TOKEN,
      values: [hashSecret(secret)],
    });
    const known = rows[0] && fromRow(rows[0]);
    if (memory.size >= REMEMBERED_MAX) memory.clear();
    // after an announcement this is a map that nobody reads any more
    memory.set(key, { known, until: startedMs + FRESH_MS });
    return known;
  }

  /** The token, if it is still good. */
  function alive(known: Known | undefined): ServiceToken | undefined {
    if (known === undefined || whyEnded(known, clock()) !== undefined) return undefined;
    const { token } = known;
    const nowMs = performance.now();
    if (nowMs - (noted.get(token.id) ?? Number.NEGATIVE_INFINITY) >= NOTED_MS) {
      if (noted.size >= REMEMBERED_MAX) noted.clear();
      noted.set(token.id, nowMs);
      // nobody waits for it, and what it missed the next minute notes
      db.query(NOTE_USE, [token.id, clock()]).catch(() => undefined);
    }
    return token;
  }

  return {
    verifyCached: (secret) => alive(recall(keyOf(secret))?.known),
    async verify(secret) {
      const kind = secretKind(secret);
      if (kind === undefined || kind === 'live' || kind === 'test') return undefined;
      const key = keyOf(secret);
      const found = recall(key);
      let known = found?.known;
      if (found === undefined) {
        const answer = asking.get(key) ?? ask(secret, key).finally(() => asking.delete(key));
        asking.set(key, answer);
        known = await answer;
      }
      const ended = known && whyEnded(known, clock());
      if (ended !== undefined) throw ended;
      return alive(known);
    },
  };
}

function keyOf(secret: string): string {
  return hashSecret(secret).toString('base64');
}

function whyEnded({ token: { expiresAt }, revokedAt }: Known, now: Date): Refusal | undefined {
  if (revokedAt !== undefined) {
    return new Refusal('token-revoked', `This token was revoked at ${revokedAt.toISOString()}.`);
  }
  return expiresAt !== undefined && expiresAt <= now
    ? new Refusal('token-expired', `This token expired at ${expiresAt.toISOString()}.`)
    : undefined;
}

function fromRow(row: ServiceTokenRow): Known {
  return {
    token: {
      id: row.id,
      kind: row.kind,
      name: row.name,
      scopes: new Set(row.scopes),
      organizationId: row.organization_id ?? undefined,
      expiresAt: row.expires_at ?? undefined,
    },
    revokedAt: row.revoked_at ?? undefined,
  };
}
