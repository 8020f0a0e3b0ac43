// Ledger commands: stored wishes to move credit, counted in the balance from the moment they are stored.
import { v7 as uuidv7 } from 'uuid';
import { type Actor, withActing } from './acting.ts';
import type { Pool } from './database.ts';
import type { Nanos } from './money.ts';
import { Refusal } from './refusal.ts';

const STORE_COMMAND = `
  select store_command($1::uuid, $2::uuid, $3::text, $4::entry_type, $5::int8, $6::jsonb, $7::timestamptz) as is_new`;

const FIND_COMMAND = `
  select id, details, stored_at from ledger_commands where key = $1::text`;

interface CommandRow {
  id: string;
  details: Readonly<Record<string, unknown>>;
  stored_at: Date;
}

export interface OperatorCommand {
  readonly accountId: string;
  /** Names the wish: the same key with the same content is stored once. */
  readonly key: string;
  readonly type: 'grant' | 'adjustment';
  /** Signed: what it adds to the balance. */
  readonly amount: Nanos;
  readonly reason: string;
  /** The name of the token it came with. */
  readonly operator: string;
}

export interface StoredCommand {
  readonly id: string;
  readonly storedAt: Date;
  readonly isNew: boolean;
}

/**
 * Stores an operator's grant or adjustment, in their name. Raises `account-not-found`, `account-closed`, and
 * `idempotency-key-reused` when the key stands for other content.
 */
export async function storeOperatorCommand(
  pool: Pool,
  actor: Actor,
  command: OperatorCommand,
  now: Date,
): Promise<StoredCommand> {
  const { accountId, key, type, amount, reason, operator } = command;
  return withActing(pool, actor, now, async (connection) => {
    const details = JSON.stringify({ reason, operator });
    const stored = await connection.query<{ is_new: boolean }>(STORE_COMMAND, [
      uuidv7(),
      accountId,
      key,
      type,
      amount,
      details,
      now,
    ]);
    const found = await connection.query<CommandRow>(FIND_COMMAND, [key]);
    const [row] = found.rows;
    if (row === undefined) throw new Error('a stored command is not there');
    if (row.details['reason'] !== reason) {
      throw new Refusal('idempotency-key-reused', 'The Idempotency-Key was used with another reason.');
    }
    return { id: row.id, storedAt: row.stored_at, isNew: stored.rows[0]?.is_new === true };
  });
}
