// Verify: every posted command has its entry, no other has one, and none stands refused.
import type { Pool } from '../database.ts';
import { type AccountRange, rangeValues } from './account-range.ts';
import type { Findings } from './report.ts';

const MISMATCHED = `
  select c.key, c.state, c.account_id, e.seq::text
  from ledger_commands c left join entries e on e.command_id = c.id
  where c.account_id > $1::uuid and c.account_id <= $2::uuid
    and ((c.state = 'posted') is distinct from (e.seq is not null)
      or (e.seq is not null and (e.account_id <> c.account_id or e.type <> c.type or e.amount <> abs(c.amount))))
  order by c.arrival`;

interface MismatchedRow {
  key: string;
  state: string;
  account_id: string;
  seq: string | null;
}

const REFUSED_COMMANDS = `
  select key, account_id, refusal from ledger_commands
  where account_id > $1::uuid and account_id <= $2::uuid and state = 'refused' order by arrival`;

/** Checks the ledger commands of some accounts against the entries made of them. */
export async function checkCommands(pool: Pool, range: AccountRange, findings: Findings): Promise<void> {
  const wrong = await pool.query<MismatchedRow>(MISMATCHED, rangeValues(range));
  for (const { key, state, account_id, seq } of wrong.rows) {
    const fault =
      seq === null
        ? `the ${state} command ${key} has no entry`
        : `the ${state} command ${key} does not say what entry ${seq} says`;
    findings.offence('usage', `account ${account_id}: ${fault}`);
  }
  const refused = await pool.query<{ key: string; account_id: string; refusal: string | null }>(
    REFUSED_COMMANDS,
    rangeValues(range),
  );
  for (const { key, account_id, refusal } of refused.rows) {
    findings.offence(
      'ages',
      `account ${account_id}: command ${key} was refused: ${refusal ?? 'no reason stored'}`,
    );
  }
}
