// Contributions: how much each payer has put into an account, from the purchases that became its credit.
import type { Pool } from '../database.ts';
import { type Nanos, nanosFromString } from '../money.ts';
import { type Named, readNames } from './names.ts';

export interface Contribution {
  /** With the name of their last payment. */
  readonly payer: Named;
  readonly total: Nanos;
  readonly manual: { readonly count: number; readonly total: Nanos };
  readonly auto: { readonly count: number; readonly total: Nanos };
  readonly firstAt: Date;
  readonly lastAt: Date;
}

export const READ_CONTRIBUTIONS = `
  select c.details ->> 'payerId' as payer_id, sum(c.amount)::int8 as total,
    count(*) filter (where c.details ->> 'mode' = 'manual')::int4 as manual_count,
    coalesce(sum(c.amount) filter (where c.details ->> 'mode' = 'manual'), 0)::int8 as manual_total,
    count(*) filter (where c.details ->> 'mode' = 'auto')::int4 as auto_count,
    coalesce(sum(c.amount) filter (where c.details ->> 'mode' = 'auto'), 0)::int8 as auto_total,
    min(c.stored_at) as first_at, max(c.stored_at) as last_at
  from ledger_commands c
  where c.account_id = $1::uuid and c.type = 'top-up' and c.state <> 'refused' and c.details ? 'payerId'
    and ($2::timestamptz is null or c.stored_at >= $2::timestamptz)
    and ($3::timestamptz is null or c.stored_at < $3::timestamptz)
  group by 1
  order by 2 desc, 1`;

interface ContributionRow {
  payer_id: string;
  total: string;
  manual_count: number;
  manual_total: string;
  auto_count: number;
  auto_total: string;
  first_at: Date;
  last_at: Date;
}

/** Who paid how much, the most first; `from` inclusive, `to` exclusive, by when it was credited. */
export async function readContributions(
  pool: Pool,
  accountId: string,
  { from, to }: { from: Date | undefined; to: Date | undefined },
): Promise<Contribution[]> {
  const values = [accountId, from ?? null, to ?? null];
  const { rows } = await pool.query<ContributionRow>(READ_CONTRIBUTIONS, values);
  const names = await readNames(
    pool,
    rows.map((row) => ({ id: row.payer_id, at: row.last_at })),
  );
  return rows.map((row) => ({
    payer: names.named(row.payer_id, row.last_at),
    total: nanosFromString(row.total),
    manual: { count: row.manual_count, total: nanosFromString(row.manual_total) },
    auto: { count: row.auto_count, total: nanosFromString(row.auto_total) },
    firstAt: row.first_at,
    lastAt: row.last_at,
  }));
}
