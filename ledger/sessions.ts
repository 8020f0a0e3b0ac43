// Sessions of a person: where they are signed in, and the ends of it. Whoever has a session's id cannot use it.
import type { Pool } from './database.ts';

export interface Session {
  readonly id: string;
  /** What the browser or program called itself; empty when it said nothing. */
  readonly userAgent: string;
  /** The network address it was opened from; empty when unknown. */
  readonly address: string;
  readonly createdAt: Date;
  /** When it was last used, to the minute. */
  readonly lastSeenAt: Date;
  readonly expiresAt: Date;
}

const LIST_SESSIONS = `
  select id, coalesce(user_agent, '') as "userAgent", coalesce(ip_address, '') as address, created_at as "createdAt",
    coalesce(last_seen_at, created_at) as "lastSeenAt", expires_at as "expiresAt"
  from auth.sessions where person_id = $1::uuid and expires_at > $2::timestamptz
  order by coalesce(last_seen_at, created_at) desc, id desc limit $3::int4`;

/** A person's sessions, the one used last first, at most `most`. */
export async function listSessions(
  pool: Pool,
  personId: string,
  now: Date,
  most: number,
): Promise<Session[]> {
  return (await pool.query<Session>(LIST_SESSIONS, [personId, now, most])).rows;
}

const END_SESSION = 'delete from auth.sessions where id = $1::uuid and person_id = $2::uuid';

/** Ends one session of a person; says whether there was such a one. */
export async function endSession(pool: Pool, id: string, personId: string): Promise<boolean> {
  return (await pool.query(END_SESSION, [id, personId])).rowCount === 1;
}

const END_SESSION_OF_TOKEN = 'delete from auth.sessions where token = $1::text';

/** Ends the session that a token opens. */
export async function endSessionOfToken(pool: Pool, token: string): Promise<void> {
  await pool.query(END_SESSION_OF_TOKEN, [token]);
}

const END_SESSIONS = `
  delete from auth.sessions where person_id = $1::uuid and id is distinct from $2::uuid`;

/** Ends all sessions of a person, but for one where it is named; returns how many ended. */
export async function endSessions(pool: Pool, personId: string, butFor?: string): Promise<number> {
  return (await pool.query(END_SESSIONS, [personId, butFor ?? null])).rowCount ?? 0;
}

const MARK_SEEN = `
  update auth.sessions set last_seen_at = $2::timestamptz
  where id = $1::uuid and coalesce(last_seen_at, created_at) < $2::timestamptz - interval '1 minute'`;

/** Notes that a session is used; costs no write when that was noted within the last minute. */
export async function markSeen(pool: Pool, id: string, now: Date): Promise<void> {
  await pool.query(MARK_SEEN, [id, now]);
}
