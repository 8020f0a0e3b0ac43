// Verify: the end of an account's books, in one snapshot: the open period, the waiting commands and the rollups.
import type { Connection, Pool } from '../database.ts';
import type { Standing } from './checkpoints.ts';
import type { Findings } from './report.ts';
import { compareRollups, readRollups } from './rollups.ts';
import { inSnapshot } from './snapshot.ts';
import type { StampedSum, UsageSums } from './usage-sums.ts';

const NEWEST_POSITION = `
  select last_position::text from account_balances where account_id = $1::uuid`;

// beyond the row's own position too: an event that it does not know of is a fault
const OPEN_PERIOD = `
  select b.open_seq::text, b.pending::text, b.open_cost::text, b.pending_count::text, b.commands_waiting::text, b.last_position::text,
    c.commands::text, c.amount::text, coalesce(l.seq, 0)::text as posted_seq, coalesce(l.position, 0)::text as posted_position,
    greatest(b.last_position, (select max(e.position) from usage_events e where e.account_id = b.account_id), 0)::text as newest
  from account_balances b
  left join lateral (
    select seq, last_position as position from entries where account_id = b.account_id order by seq desc limit 1
  ) l on true
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
  commands: string;
  amount: string;
  posted_seq: string;
  posted_position: string;
  newest: string;
}

/**
 * Completes `usage` with all that came after the entries walked so far, and checks pending, its parts and the rollups
 * against it. What is there already is added first, in steps, so that the snapshot has little left to read.
 */
export async function checkOpenPeriod(
  pool: Pool,
  account: string,
  walked: Standing,
  usage: UsageSums,
  findings: Findings,
  onStep: () => void,
): Promise<void> {
  const { rows } = await pool.query<{ last_position: string }>(NEWEST_POSITION, [account]);
  const soFar = BigInt(rows[0]?.last_position ?? 0n);
  const stamped = await usage.addUpTo(pool, soFar, onStep);
  await inSnapshot(pool, async (connection) => {
    const period = await readPeriod(connection, account);
    const rest = await usage.addUpTo(connection, BigInt(period?.newest ?? soFar), onStep);
    for (const [seq, sum] of rest) stamped.set(seq, joined(stamped.get(seq), sum));
    if (period !== undefined) comparePeriod(account, period, walked, stamped, findings);
    const rollups = await readRollups(connection, account, usage.recordedSince);
    compareRollups(account, rollups, usage, findings);
  });
}

async function readPeriod(connection: Connection, account: string): Promise<OpenPeriodRow | undefined> {
  const { rows } = await connection.query<OpenPeriodRow>(OPEN_PERIOD, [account]);
  return rows[0];
}

function joined(one: StampedSum | undefined, later: StampedSum): StampedSum {
  if (one === undefined) return later;
  return { count: one.count + later.count, cost: one.cost + later.cost, newest: later.newest };
}

/** Events of entries that were posted since the walk are the next run's to compare. */
function comparePeriod(
  account: string,
  row: OpenPeriodRow,
  walked: Standing,
  stamped: ReadonlyMap<string, StampedSum>,
  findings: Findings,
): void {
  const open = { count: 0n, cost: 0n };
  let strays = 0n;
  let newest = BigInt(row.posted_position);
  for (const [seq, sum] of stamped) {
    if (sum.newest > newest) newest = sum.newest;
    const postedSince = BigInt(seq) > walked.seq && BigInt(seq) <= BigInt(row.posted_seq);
    if (postedSince) continue;
    open.count += sum.count;
    open.cost += sum.cost;
    if (seq !== row.open_seq) strays += sum.count;
  }
  const expected: readonly (readonly [what: string, said: string, found: bigint])[] = [
    ['the cost of the open period', row.open_cost, open.cost],
    ['the events of the open period', row.pending_count, open.count],
    ['the waiting commands', row.commands_waiting, BigInt(row.commands)],
    ['pending', row.pending, BigInt(row.amount) - open.cost],
    ['events stamped with another seq', '0', strays],
    ['the newest position', row.last_position, newest],
  ];
  for (const [what, said, found] of expected) {
    if (said !== found.toString()) {
      findings.offence(
        'usage',
        `account ${account} seq ${row.open_seq}: ${what} should be ${found}, not ${said}`,
      );
    }
  }
}
