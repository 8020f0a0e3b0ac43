// Verify: what an account's balance row says is pending is its open period and its waiting commands.
import type { Pool } from '../database.ts';
import type { Findings } from './report.ts';

// one statement and so one snapshot: the row and all that it sums up
const OPEN_PERIOD = `
  select b.open_seq::text, b.pending::text, b.open_cost::text, b.pending_count::text, b.commands_waiting::text, b.last_position::text,
    u.events::text, u.cost::text, u.strays::text, u.newest::text, c.commands::text, c.amount::text, l.position::text as posted_position
  from account_balances b
  left join lateral (
    select last_position as position from entries where account_id = b.account_id order by seq desc limit 1
  ) l on true
  cross join lateral (
    select count(*) as events, coalesce(sum(e.cost), 0) as cost, count(*) filter (where e.entry_seq <> b.open_seq) as strays,
      max(e.position) as newest
    from usage_events e where e.account_id = b.account_id and e.position > coalesce(l.position, 0)
  ) u
  cross join lateral (
    select count(*) as commands, coalesce(sum(w.amount), 0) as amount
    from ledger_commands w where w.account_id = b.account_id and w.state = 'waiting'
  ) c
  where b.account_id = $1::uuid`;

interface OpenPeriodRow {
  open_seq: string;
  pending: string;
  open_cost: string;
  pending_count: string;
  commands_waiting: string;
  last_position: string;
  events: string;
  cost: string;
  strays: string;
  newest: string | null;
  commands: string;
  amount: string;
  posted_position: string | null;
}

/** Checks pending and its parts against the events and commands they stand for. */
export async function checkOpenPeriod(pool: Pool, account: string, findings: Findings): Promise<void> {
  const { rows } = await pool.query<OpenPeriodRow>(OPEN_PERIOD, [account]);
  const [row] = rows;
  if (row === undefined) return;
  const expected: readonly (readonly [what: string, said: string, found: string])[] = [
    ['the cost of the open period', row.open_cost, row.cost],
    ['the events of the open period', row.pending_count, row.events],
    ['the waiting commands', row.commands_waiting, row.commands],
    ['pending', row.pending, (BigInt(row.amount) - BigInt(row.cost)).toString()],
    ['events stamped with another seq', '0', row.strays],
    ['the newest position', row.last_position, row.newest ?? row.posted_position ?? '0'],
  ];
  for (const [what, said, found] of expected) {
    if (said !== found) {
      findings.offence(
        'usage',
        `account ${account} seq ${row.open_seq}: ${what} should be ${found}, not ${said}`,
      );
    }
  }
}
