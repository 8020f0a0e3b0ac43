// Verify: checkpoints, from which an account's next check goes on instead of at its first entry.
import type { Pool } from '../database.ts';
import type { UsageSums } from './usage-sums.ts';

/** Where the walk along an account's entries stands: the last entry seen. */
export interface Standing {
  readonly seq: bigint;
  readonly balance: bigint;
  readonly epoch: bigint;
  readonly position: bigint;
}

export interface Checkpoint extends Standing {
  /** The sums up to `position` of the days recorded since; undefined: of all days. */
  readonly recordedSince: string | undefined;
  readonly groups: ReadonlyMap<string, bigint[]>;
}

const BALANCE_SEEN = `
  concat_ws(' ', b.epoch, b.open_seq, b.posted, b.pending, b.open_cost, b.pending_count, b.commands_waiting, b.last_position)`;

/* Most accounts were never used: whether one is, many are asked at once. */
const NEVER_USED = `
  b.epoch = 0 and b.open_seq = 1 and b.posted = 0 and b.pending = 0 and b.open_cost = 0 and b.pending_count = 0
    and b.commands_waiting = 0 and b.last_position = 0
    and not exists (select from entries e where e.account_id = a.id)
    and not exists (select from ledger_commands k where k.account_id = a.id)
    and not exists (select from usage_rollups r where r.account_id = a.id)
    and not exists (select from usage_events u where u.account_id = a.id)`;

const NEXT_ACCOUNTS = `
  select a.id, coalesce(${BALANCE_SEEN}, '') as seen,
    c.seen is not distinct from ${BALANCE_SEEN} as unchanged, coalesce(${NEVER_USED}, false) as untouched
  from accounts a
  left join account_balances b on b.account_id = a.id
  left join verify_checkpoints c on c.account_id = a.id
  where $1::uuid is null or a.id > $1::uuid order by a.id limit $2::int4`;

/** An account to check, and its balance row as it was before the check. */
export interface AccountToCheck {
  readonly id: string;
  readonly seen: string;
  /** Whether it is as it was when it was last found in order. */
  readonly unchanged: boolean;
  /** Whether there is nothing of it but a balance row of zeros. */
  readonly untouched: boolean;
}

/** The next accounts in the order of their ids. */
export async function nextAccounts(
  pool: Pool,
  after: string | null,
  most: number,
): Promise<AccountToCheck[]> {
  const { rows } = await pool.query<AccountToCheck>(NEXT_ACCOUNTS, [after, most]);
  return rows;
}

const READ_CHECKPOINT = `
  select seq::text, balance::text, epoch::text, position::text, recorded_since::text, sums
  from verify_checkpoints where account_id = $1::uuid`;

interface CheckpointRow {
  seq: string;
  balance: string;
  epoch: string;
  position: string;
  recorded_since: string | null;
  sums: Record<string, string[]>;
}

export async function readCheckpoint(pool: Pool, account: string): Promise<Checkpoint | undefined> {
  const { rows } = await pool.query<CheckpointRow>(READ_CHECKPOINT, [account]);
  const row = rows[0];
  return (
    row && {
      seq: BigInt(row.seq),
      balance: BigInt(row.balance),
      epoch: BigInt(row.epoch),
      position: BigInt(row.position),
      recordedSince: row.recorded_since ?? undefined,
      groups: new Map(Object.entries(row.sums).map(([key, sums]) => [key, sums.map(BigInt)])),
    }
  );
}

/**
 * The checkpoint of an account that was walked to `standing`. It keeps the sums of the two newest recorded days: no
 * flush adds to an earlier one any more.
 */
export function checkpointAt(standing: Standing, usage: UsageSums): Checkpoint {
  const newest = [...usage.groups.keys()].reduce((day, key) => (key > day ? key : day), '').slice(0, 10);
  const recordedSince = newest === '' ? usage.recordedSince : dayBefore(newest);
  const groups = new Map(
    [...usage.groups].filter(([key]) => recordedSince === undefined || key >= recordedSince),
  );
  return { ...standing, recordedSince, groups };
}

function dayBefore(day: string): string {
  return new Date(Date.parse(day) - 86_400_000).toISOString().slice(0, 10);
}

const STORE_CHECKPOINT = `
  insert into verify_checkpoints (account_id, seq, balance, epoch, position, recorded_since, sums, seen, checked_at)
  values ($1::uuid, $2::int8, $3::int8, $4::int8, $5::int8, $6::date, $7::jsonb, $8::text, $9::timestamptz)
  on conflict (account_id) do update set seq = excluded.seq, balance = excluded.balance, epoch = excluded.epoch,
    position = excluded.position, recorded_since = excluded.recorded_since, sums = excluded.sums, seen = excluded.seen,
    checked_at = excluded.checked_at`;

/** Keeps how far an account was found in order. */
export async function storeCheckpoint(
  pool: Pool,
  { id, seen }: AccountToCheck,
  checkpoint: Checkpoint,
  now: Date,
): Promise<void> {
  const { seq, balance, epoch, position, recordedSince, groups } = checkpoint;
  const sums = Object.fromEntries([...groups].map(([key, values]) => [key, values.map(String)]));
  await pool.query(STORE_CHECKPOINT, [
    id,
    seq.toString(),
    balance.toString(),
    epoch.toString(),
    position.toString(),
    recordedSince ?? null,
    JSON.stringify(sums),
    seen,
    now,
  ]);
}

const DROP_CHECKPOINT = 'delete from verify_checkpoints where account_id = $1::uuid';

/** An account that is not in order is checked from its first entry on until it is. */
export async function dropCheckpoint(pool: Pool, account: string): Promise<void> {
  await pool.query(DROP_CHECKPOINT, [account]);
}
