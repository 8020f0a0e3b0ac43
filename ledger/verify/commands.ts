// Verify: every posted command has its entry, no other has one, and none stands refused.
import type { Pool } from '../database.ts';
import type { Findings } from './report.ts';

const MISMATCHED = `
  select c.key, c.state, coalesce(c.account_id, e.account_id) as account_id, e.seq::text
  from ledger_commands c
  full join (select * from entries where type <> 'usage') e on e.command_id = c.id
  where (c.state = 'posted') is distinct from (e.seq is not null)
    or (e.seq is not null and (e.account_id <> c.account_id or e.type <> c.type or e.amount <> abs(c.amount)))
  order by c.arrival`;

interface MismatchedRow {
  key: string | null;
  state: string | null;
  account_id: string;
  seq: string | null;
}

const REFUSED_COMMANDS = `
  select id, key, account_id, refusal from ledger_commands where state = 'refused' order by arrival`;

/** Checks ledger commands against the entries made of them. */
export async function checkCommands(pool: Pool, findings: Findings): Promise<void> {
  const wrong = await pool.query<MismatchedRow>(MISMATCHED);
  for (const { key, state, account_id, seq } of wrong.rows) {
    const fault =
      key === null
        ? `entry ${seq} has no command`
        : seq === null
          ? `the ${state} command ${key} has no entry`
          : `the ${state} command ${key} does not say what entry ${seq} says`;
    findings.offence('usage', `account ${account_id}: ${fault}`);
  }
  const refused = await pool.query<{ key: string; account_id: string; refusal: string | null }>(
    REFUSED_COMMANDS,
  );
  for (const { key, account_id, refusal } of refused.rows) {
    findings.offence(
      'ages',
      `account ${account_id}: command ${key} was refused: ${refusal ?? 'no reason stored'}`,
    );
  }
}
