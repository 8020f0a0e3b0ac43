// Verify: what is held of each balance is the sum of its open holds. So far nothing places a hold, so nothing is held.
import type { Pool } from '../database.ts';
import { type AccountRange, rangeValues } from './account-range.ts';
import type { Findings } from './report.ts';

const HELD_WITHOUT_A_HOLD = `
  select account_id, held::text from account_balances
  where account_id > $1::uuid and account_id <= $2::uuid and held <> 0 order by account_id`;

/** Checks the held part of some accounts' balances. */
export async function checkHolds(pool: Pool, range: AccountRange, findings: Findings): Promise<void> {
  const { rows } = await pool.query<{ account_id: string; held: string }>(
    HELD_WITHOUT_A_HOLD,
    rangeValues(range),
  );
  for (const { account_id, held } of rows) {
    findings.offence('holds', `account ${account_id}: ${held} nanos are held, but no hold is open`);
  }
}
