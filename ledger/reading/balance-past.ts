// The past of a balance, day by day: what was used and what was paid in, leaving out what auto top-up did.
import type { Pool } from '../database.ts';
import { type Nanos, nanos, nanosFromString } from '../money.ts';
import type { BalancePast } from '../payments/simulation.ts';

// One statement, so that balance, usage and credit are of one moment. Usage is in the rollups as soon as it is in pending.
export const READ_BALANCE_PAST = `
  select b.posted + b.pending as balance,
    coalesce((select jsonb_agg(jsonb_build_object('day', u.day, 'cost', u.cost::text)) from (
      select to_char(r.recorded_day, 'YYYY-MM-DD') as day, sum(r.cost) as cost from usage_rollups r
      where r.account_id = b.account_id and r.recorded_day >= ($2::timestamptz at time zone 'UTC')::date group by 1
    ) u), '[]') as used,
    coalesce((select jsonb_agg(jsonb_build_object(
        'at', extract(epoch from c.stored_at), 'amount', c.amount::text, 'isAuto', coalesce(c.details ->> 'mode' = 'auto', false)
      ) order by c.stored_at, c.arrival)
      from ledger_commands c where c.account_id = b.account_id and c.state <> 'refused' and c.stored_at >= $2::timestamptz
    ), '[]') as moves
  from account_balances b where b.account_id = $1::uuid`;

interface BalancePastRow {
  balance: string;
  used: { day: string; cost: string }[];
  moves: { at: number; amount: string; isAuto: boolean }[];
}

const DAY_MS = 86_400_000;

/** The last `days` UTC days of an account's balance, today's among them, up to `now`. */
export async function readBalancePast(
  pool: Pool,
  accountId: string,
  { now, days }: { now: Date; days: number },
): Promise<BalancePast> {
  const today = Math.floor(now.getTime() / DAY_MS) * DAY_MS;
  const from = new Date(today - (days - 1) * DAY_MS);
  const { rows } = await pool.query<BalancePastRow>(READ_BALANCE_PAST, [accountId, from]);
  const row = rows[0];
  if (row === undefined) throw new Error(`account ${accountId} has no balance`);
  const usedByDay = new Map(row.used.map(({ day, cost }) => [day, nanosFromString(cost)]));
  const moves = row.moves.map(({ at, amount, isAuto }) => ({
    at: new Date(at * 1_000),
    amount: nanosFromString(amount),
    isAuto,
  }));
  return {
    from,
    to: now,
    balanceAtStart: nanos(
      nanosFromString(row.balance) +
        total([...usedByDay.values()]) -
        total(moves.map(({ amount }) => amount)),
    ),
    usedByDay,
    moves: moves.filter(({ isAuto }) => !isAuto),
  };
}

const total = (amounts: readonly Nanos[]) => amounts.reduce((sum, amount) => sum + amount, 0n);
