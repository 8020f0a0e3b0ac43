// The limit: the same rows by a bare `unnest` insert into a table with the same columns, partitions and indexes.
import type { Connection, Pool } from '../ledger/database.ts';
import { plainArray, textArray } from '../ledger/intake/array-literal.ts';
import { dayName, dayOf } from '../ledger/intake/day.ts';
import type { PricedEvent } from '../ledger/intake/priced-event.ts';

const COLUMNS = [
  ...['account_id uuid', 'day date', 'id text', 'position int8', 'entry_seq int8', 'member_id uuid'],
  ...['api_key_id uuid', 'model text', 'batched boolean', 'price_id int4', 'input_tokens int4'],
  ...['cached_input_tokens int4', 'cache_write_tokens int4', 'output_tokens int4', 'cost int8'],
  ...[
    'occurred_at timestamptz',
    'recorded_at timestamptz',
    'hold_id uuid',
    'batch_id text',
    'metadata jsonb',
  ],
].map((column) => column.split(' '));

/** The columns of an event table, in the order of `eventArrays`. */
export const eventColumns = COLUMNS.map(([name]) => name).join(', ');

/** `unnest($1::uuid[], …)` over the parameters that `eventArrays` gives. */
export const unnestEvents = `unnest(${COLUMNS.map(([, type], index) => `$${index + 1}::${type}[]`).join(', ')})`;

/** Makes `table` like `usage_events`, with as many partitions by day. */
export async function createEventTable(pool: Pool, table: string): Promise<void> {
  await pool.query(`create table ${table} (like usage_events including all) partition by range (day)`);
  await pool.query(`
    do $$ declare d date; begin
      for d in select generate_series(current_date - 36, current_date + 2, interval '1 day')::date loop
        execute format('create table %I partition of ${table} for values from (%L) to (%L)',
          '${table}_' || to_char(d, 'YYYYMMDD'), d, d + 1);
      end loop;
    end $$`);
}

/** One array literal a column; positions count up from `position`. */
export function eventArrays(events: readonly PricedEvent[], position: number): string[] {
  const now = new Date().toISOString();
  return [
    plainArray(events.map((event) => event.key.accountId)),
    plainArray(events.map((event) => dayName(dayOf(event.id, event.occurredAt).day))),
    textArray(events.map((event) => event.id)),
    plainArray(events.map((_, index) => position + index)),
    plainArray(events.map(() => 1)),
    plainArray(events.map((event) => event.memberId)),
    plainArray(events.map((event) => event.key.id)),
    textArray(events.map((event) => event.model)),
    plainArray(events.map((event) => event.batched)),
    plainArray(events.map((event) => event.priceId)),
    plainArray(events.map((event) => event.inputTokens)),
    plainArray(events.map((event) => event.cachedInputTokens)),
    plainArray(events.map((event) => event.cacheWriteTokens)),
    plainArray(events.map((event) => event.outputTokens)),
    plainArray(events.map((event) => event.cost)),
    plainArray(events.map((event) => event.occurredAt.toISOString())),
    plainArray(events.map(() => now)),
    plainArray(events.map((event) => event.holdId)),
    textArray(events.map((event) => event.batchId)),
    textArray(events.map((event) => event.metadata)),
  ];
}

/** Inserts what `eventArrays` gave in one prepared statement. */
export async function insertBare(
  connection: Pick<Connection, 'query'>,
  table: string,
  arrays: string[],
): Promise<void> {
  const text = `insert into ${table} (${eventColumns}) select * from ${unnestEvents}`;
  await connection.query({ name: `bare-${table}`, text, values: arrays });
}
