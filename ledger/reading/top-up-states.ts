// Top-up states as members follow them: the newest top-ups of several accounts at once.
import type { Pool } from '../database.ts';
import { type Nanos, nanosFromString } from '../money.ts';
import type { Named } from './names.ts';

export interface TopUpState {
  readonly id: string;
  readonly accountId: string;
  readonly mode: 'manual' | 'auto';
  readonly state: 'open' | 'processing' | 'paid' | 'not-completed';
  readonly amount: Nanos;
  /** With the name of now: this is what happens now. */
  readonly payer: Named;
}

// What is not known yet is under way, for whoever waits for it.
export const READ_NEWEST_TOP_UPS = `
  select t.id, t.account_id, t.mode, case t.state when 'unknown' then 'processing' else t.state end as state, t.amount,
    t.payer_id, p.name as payer_name
  from unnest($1::uuid[]) as a (id)
  cross join lateral (
    select id, account_id, mode, state, amount, payer_id from top_ups
    where account_id = a.id order by id desc limit $2::int4
  ) t
  left join auth.people p on p.id = t.payer_id`;

interface TopUpStateRow {
  id: string;
  account_id: string;
  mode: TopUpState['mode'];
  state: TopUpState['state'];
  amount: string;
  payer_id: string;
  payer_name: string | null;
}

/** The newest top-ups of each account, at most `limit` of each. */
export async function readNewestTopUps(
  pool: Pool,
  accountIds: readonly string[],
  limit: number,
): Promise<TopUpState[]> {
  const { rows } = await pool.query<TopUpStateRow>({
    name: 'read-newest-top-ups',
    text: READ_NEWEST_TOP_UPS,
    values: [accountIds, limit],
  });
  return rows.map((row) => ({
    id: row.id,
    accountId: row.account_id,
    mode: row.mode,
    state: row.state,
    amount: nanosFromString(row.amount),
    payer: { id: row.payer_id, name: row.payer_name },
  }));
}
