// Acting: who changes something, from where, and when; told to the database so that its triggers write the audit.
import { type Connection, type Pool, withTransaction } from './database.ts';

/** Who acts. `id` is the person's or the token's; the system itself has none. */
export interface Actor {
  readonly kind: 'person' | 'operator' | 'organization' | 'system';
  readonly id?: string;
  /** The caller's network address. */
  readonly address?: string;
  readonly requestId?: string;
}

/** What happens by itself: the sweeper, a webhook, a command on the machine. */
export const SYSTEM: Actor = { kind: 'system' };

const SET_ACTING = `
  select set_config('coffer.actor_kind', $1::text, true), set_config('coffer.actor_id', $2::text, true),
    set_config('coffer.address', $3::text, true), set_config('coffer.request_id', $4::text, true),
    set_config('coffer.now', $5::text, true)`;

/** Tells the open transaction who acts and what time it is. */
export async function setActing(connection: Connection, actor: Actor, now: Date): Promise<void> {
  const { kind, id, address, requestId } = actor;
  await connection.query({
    name: 'set-acting',
    text: SET_ACTING,
    values: [kind, id ?? '', address ?? '', requestId ?? '', now.toISOString()],
  });
}

const SET_REASON = `select set_config('coffer.reason', $1::text, true)`;

/** Tells the open transaction why all of it happens; each line of the audit says so. */
export async function setReason(connection: Connection, reason: string): Promise<void> {
  await connection.query(SET_REASON, [reason]);
}

/** Runs `work` in one transaction in somebody's name; see `withTransaction`. Audited triggers read who it is. */
export function withActing<T>(
  pool: Pool,
  actor: Actor,
  now: Date,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  return withTransaction(pool, async (connection) => {
    await setActing(connection, actor, now);
    return work(connection);
  });
}
