// What must hold after a measurement, however fast it was: the books say exactly what was acknowledged.
import type { Pool } from '../ledger/database.ts';
import { CREDIT_NANOS } from './seed.ts';

/** Where a variant keeps its books: one row of `balance` (undefined: it has none), `count` and `cost` of the events. */
export interface Books {
  readonly balance: string | undefined;
  readonly events: string;
}

export const books = {
  coffer: {
    balance: 'select posted + pending as balance from account_balances where account_id = $1',
    events: `select count(*) as count, coalesce(sum(cost), 0) as cost, (select coalesce(sum(cost), 0) from usage_rollups
      where account_id = $1) as rolled from usage_events where account_id = $1`,
  },
  rowLock: booksIn('row_lock'),
  oneStatement: booksIn('one_statement'),
  bare: { balance: undefined, events: eventsIn('bare_events') },
} satisfies Record<string, Books>;

export interface Acknowledged {
  events: number;
  nanos: bigint;
}

/** What is wrong with the books, a line each; nothing when they are exact. */
export async function faultsOf(
  pool: Pool,
  accountId: string,
  at: Books,
  acknowledged: Acknowledged,
): Promise<string[]> {
  const faults: string[] = [];
  const expect = (what: string, is: string | undefined, be: bigint) => {
    if (is === undefined || BigInt(is) !== be) faults.push(`${what} is ${is} and must be ${be}`);
  };
  const { rows } = await pool.query<{ count: string; cost: string; rolled: string }>(at.events, [accountId]);
  expect('the number of events', rows[0]?.count, BigInt(acknowledged.events));
  expect('the cost of the events', rows[0]?.cost, acknowledged.nanos);
  expect('the cost in the rollups', rows[0]?.rolled, acknowledged.nanos);
  if (at.balance !== undefined) {
    const { rows: balances } = await pool.query<{ balance: string }>(at.balance, [accountId]);
    expect('the balance', balances[0]?.balance, CREDIT_NANOS - acknowledged.nanos);
  }
  return faults;
}

function booksIn(name: string): Books {
  const balance = `select balance from ${name}_balances where account_id = $1`;
  return { balance, events: eventsIn(`${name}_events`) };
}

/** The baselines keep no rollups, so what was rolled is what was recorded. */
function eventsIn(table: string): string {
  return `select count(*) as count, coalesce(sum(cost), 0) as cost, coalesce(sum(cost), 0) as rolled
    from ${table} where account_id = $1`;
}
