// Freezing: an operator stops an account's charges, and lets them go on.
import { type Actor, setReason, withActing } from './acting.ts';
import type { Pool } from './database.ts';

const STATEMENTS = {
  frozen: 'select freeze_account($1::uuid, $2::timestamptz) as is_new',
  open: 'select unfreeze_account($1::uuid, $2::timestamptz) as is_new',
} as const;

export interface AccountStateChange {
  readonly accountId: string;
  readonly state: keyof typeof STATEMENTS;
  /** Why; the organization reads it in its audit. */
  readonly reason: string;
}

/**
 * Freezes an account or opens it again, and says whether that is new. Once it returns, no charge begins on a frozen
 * account: whoever begins one asks under the lock taken here. A charge that was sent before still adds its credit.
 * Raises `account-not-found`, and `account-closed`.
 */
export function setAccountState(
  pool: Pool,
  actor: Actor,
  { accountId, state, reason }: AccountStateChange,
  now: Date,
): Promise<boolean> {
  return withActing(pool, actor, now, async (connection) => {
    await setReason(connection, reason);
    const { rows } = await connection.query<{ is_new: boolean }>(STATEMENTS[state], [accountId, now]);
    return rows[0]?.is_new === true;
  });
}
