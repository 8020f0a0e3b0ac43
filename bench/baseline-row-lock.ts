// Baseline: Express with a row-locked transaction per request, as most services with a balance are written.
import { withTransaction } from '../ledger/database.ts';
import { eventArrays, eventColumns, unnestEvents } from './bare-insert.ts';
import { serveBaseline } from './baseline-server.ts';

const LOCK = 'select last_position from row_lock_balances where account_id = $1 for update';

const INSERT = `
  insert into row_lock_events (${eventColumns}) select * from ${unnestEvents} on conflict do nothing returning id, cost`;

const UPDATE = `
  update row_lock_balances set balance = balance - $2::int8, last_position = last_position + $3::int8
  where account_id = $1`;

await serveBaseline((pool, events) =>
  withTransaction(pool, async (connection) => {
    const accountId = events[0]?.key.accountId;
    const lock = { name: 'lock', text: LOCK, values: [accountId] };
    const { rows: locked } = await connection.query<{ last_position: string }>(lock);
    const position = Number(locked[0]?.last_position ?? 0) + 1;
    const insert = { name: 'insert', text: INSERT, values: eventArrays(events, position) };
    const { rows } = await connection.query<{ id: string; cost: string }>(insert);
    const cost = rows.reduce((sum, row) => sum + BigInt(row.cost), 0n);
    await connection.query({ name: 'update', text: UPDATE, values: [accountId, cost, rows.length] });
    return new Set(rows.map(({ id }) => id));
  }),
);
