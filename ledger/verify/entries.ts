// Verify: one account's entries in ranges of seq, each against the entry before it and the usage events it stands for.
import type { Pool } from '../database.ts';
import type { Standing } from './checkpoints.ts';
import type { Findings } from './report.ts';
import type { StampedSum, UsageSums } from './usage-sums.ts';

const MOST_ENTRIES = 500;
const MOST_EVENTS = 50_000;

/** The last entry seen, and what was credited minus debited on the account's own credit, from both sides of each entry. */
interface Walk extends Standing {
  readonly credit: bigint;
}

// the next entries whose events are few enough for one short statement; always at least one entry
const NEXT_RANGE = `
  select seq::text, type::text, amount::text, balance_after::text, epoch::text, event_count::text, last_position::text,
    currency, command_id is not null as has_command,
    exists (select 1 from ledger_commands c where c.id = e.command_id) as command_known,
    (select sum(l.debit_amount) from ledger_lines l where l.account_id = e.account_id and l.seq = e.seq)::text as debits,
    (select sum(l.credit_amount) from ledger_lines l where l.account_id = e.account_id and l.seq = e.seq)::text as credits,
    (select coalesce(sum(l.credit_amount - l.debit_amount), 0) from ledger_lines l
      where l.account_id = e.account_id and l.seq = e.seq and l.ledger_account = 'credit')::text as signed
  from (
    select n.*, sum(n.event_count) over (order by n.seq) - n.event_count as events_before
    from (select * from entries where account_id = $1::uuid and seq > $2::int8 order by seq limit $3::int4) n
  ) e
  where e.events_before < $4::int8
  order by e.seq`;

interface EntryRow {
  seq: string;
  type: string;
  amount: string;
  balance_after: string;
  epoch: string;
  event_count: string;
  last_position: string;
  currency: string;
  has_command: boolean;
  command_known: boolean;
  debits: string;
  credits: string;
  signed: string;
}

const BALANCE = `
  select b.posted::text, b.open_seq::text, b.epoch::text, a.currency,
    coalesce(e.seq, 0)::text as last_seq, coalesce(e.balance_after, 0)::text as last_balance, coalesce(e.epoch, 0)::text as last_epoch
  from accounts a
  left join account_balances b on b.account_id = a.id
  left join lateral (
    select seq, balance_after, epoch from entries where account_id = a.id order by seq desc limit 1
  ) e on true
  where a.id = $1::uuid`;

interface BalanceRow {
  posted: string | null;
  open_seq: string | null;
  epoch: string | null;
  currency: string;
  last_seq: string;
  last_balance: string;
  last_epoch: string;
}

/** Walks the account's entries after `since`, adds the usage events they stand for to `usage`, and returns the last entry. */
export async function checkEntries(
  pool: Pool,
  account: string,
  since: Standing | undefined,
  usage: UsageSums,
  findings: Findings,
  onStep: () => void,
): Promise<Standing> {
  const { seq, balance, epoch, position } = since ?? { seq: 0n, balance: 0n, epoch: 0n, position: 0n };
  let walk: Walk = { seq, balance, epoch, position, credit: balance };
  for (;;) {
    const { rows } = await pool.query<EntryRow>(NEXT_RANGE, [
      account,
      walk.seq.toString(),
      MOST_ENTRIES,
      MOST_EVENTS,
    ]);
    if (rows.length === 0) break;
    for (const row of rows) walk = checkEntry(account, row, walk, findings);
    // entries and what they cover never change any more, so this needs no snapshot in common
    const stamped = await usage.addUpTo(pool, walk.position, onStep);
    compareUsage(account, rows, stamped, findings);
    findings.entries += rows.length;
    for (const guarantee of ['chain', 'balanced', 'epochs'] as const)
      findings.checked(guarantee, rows.length);
    onStep();
  }
  await checkBalance(pool, account, walk, findings);
  const { credit: _, ...standing } = walk;
  return standing;
}

function checkEntry(account: string, row: EntryRow, before: Walk, findings: Findings): Walk {
  const name = `account ${account} seq ${row.seq}`;
  const seq = BigInt(row.seq);
  const signed = BigInt(row.signed);
  if (seq !== before.seq + 1n) findings.offence('chain', `${name}: it follows seq ${before.seq}`);
  if (BigInt(row.balance_after) !== before.balance + signed) {
    findings.offence(
      'chain',
      `${name}: balance ${row.balance_after} does not follow from ${before.balance} and ${signed}`,
    );
  }
  if (row.debits !== row.credits) {
    findings.offence('balanced', `${name}: debits ${row.debits}, credits ${row.credits}`);
  }
  if (signed !== BigInt(row.amount) && signed !== -BigInt(row.amount)) {
    findings.offence('balanced', `${name}: ${row.amount} moved, but the account's credit by ${signed}`);
  }
  if (BigInt(row.epoch) < before.epoch) {
    findings.offence('epochs', `${name}: epoch ${row.epoch} after epoch ${before.epoch}`);
  }
  if (BigInt(row.last_position) < before.position) {
    findings.offence(
      'usage',
      `${name}: covers usage up to ${row.last_position}, the entry before up to ${before.position}`,
    );
  }
  if (row.has_command && !row.command_known) {
    findings.offence('usage', `account ${account}: entry ${row.seq} has no command`);
  }
  return {
    seq,
    balance: BigInt(row.balance_after),
    epoch: BigInt(row.epoch),
    position: BigInt(row.last_position),
    credit: before.credit + signed,
  };
}

/** Every usage entry must be the sum of the events stamped with its seq, and no event may name another entry. */
function compareUsage(
  account: string,
  rows: readonly EntryRow[],
  events: ReadonlyMap<string, StampedSum>,
  findings: Findings,
): void {
  const unclaimed = new Set(events.keys());
  for (const row of rows) {
    unclaimed.delete(row.seq);
    const found = events.get(row.seq) ?? { count: 0n, cost: 0n };
    const said =
      row.type === 'usage'
        ? { count: BigInt(row.event_count), cost: BigInt(row.amount) }
        : { count: 0n, cost: 0n };
    if (found.count !== said.count || found.cost !== said.cost) {
      findings.offence(
        'usage',
        `account ${account} seq ${row.seq}: ${said.count} events of ${said.cost} nanos, found ${found.count} of ${found.cost}`,
      );
    }
  }
  for (const seq of unclaimed) {
    findings.offence(
      'usage',
      `account ${account}: events stamped with seq ${seq} lie among those of other entries`,
    );
  }
}

/** `posted` is the balance after the last entry. (Read at once with it: entries may have been added since the walk.) */
async function checkBalance(pool: Pool, account: string, walked: Walk, findings: Findings): Promise<void> {
  const { rows } = await pool.query<BalanceRow>(BALANCE, [account]);
  const [row] = rows;
  if (row === undefined) return;
  if (row.posted === null || row.open_seq === null || row.epoch === null) {
    findings.offence('chain', `account ${account}: it has no balance row`);
    return;
  }
  if (row.posted !== row.last_balance) {
    findings.offence(
      'chain',
      `account ${account}: posted ${row.posted}, but its last entry left ${row.last_balance}`,
    );
  }
  if (BigInt(row.open_seq) !== BigInt(row.last_seq) + 1n) {
    findings.offence(
      'chain',
      `account ${account}: seq ${row.open_seq} is next, but its last entry is ${row.last_seq}`,
    );
  }
  if (BigInt(row.last_seq) < walked.seq) {
    findings.offence(
      'chain',
      `account ${account}: its entries reached seq ${walked.seq} and now end at ${row.last_seq}`,
    );
  }
  if (BigInt(row.epoch) < BigInt(row.last_epoch)) {
    findings.offence(
      'epochs',
      `account ${account}: epoch ${row.epoch}, but its last entry has ${row.last_epoch}`,
    );
  }
  if (walked.credit !== walked.balance) {
    findings.offence(
      'balanced',
      `account ${account}: its lines add up to ${walked.credit}, its entries to ${walked.balance}`,
    );
  }
}
