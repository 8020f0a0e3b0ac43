// Accounts that operators look for: those that are frozen, closed or below zero.
import type { Pool } from '../database.ts';

/** What operators look for: a closed account shows what is left on it as its balance. */
export const soughtStates = ['frozen', 'closed', 'overdrawn'] as const;

export type SoughtState = (typeof soughtStates)[number];

const IDS_BY_STATE = `
  select account_id as id from account_balances
  where state = $1::text and state <> 'open' and account_id > $2::uuid
  order by account_id limit $3::int4`;

// A balance below zero lies below its low water since its last posting, or its actor was rung.
const IDS_BELOW_ZERO = `
  select account_id as id from account_balances
  where (low_water < 0 or rung_at is not null) and posted + pending < 0 and account_id > $1::uuid
  order by account_id limit $2::int4`;

const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';

/** The ids of the accounts in a state, in their order, after `after`. */
export async function accountIdsInState(
  pool: Pool,
  state: SoughtState,
  page: { after: string | undefined; limit: number },
): Promise<string[]> {
  const after = page.after ?? BEFORE_ALL;
  const { rows } =
    state === 'overdrawn'
      ? await pool.query<{ id: string }>(IDS_BELOW_ZERO, [after, page.limit])
      : await pool.query<{ id: string }>(IDS_BY_STATE, [state, after, page.limit]);
  return rows.map(({ id }) => id);
}
