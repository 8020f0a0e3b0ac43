// Baseline: Express with one statement per request that inserts the events and moves the balance by what was new.
import { eventArrays, eventColumns, unnestEvents } from './bare-insert.ts';
import { serveBaseline } from './baseline-server.ts';

const RECORD = `
  with recorded as (
    insert into one_statement_events (${eventColumns}) select * from ${unnestEvents} on conflict do nothing returning id, cost
  ),
  moved as (
    update one_statement_balances set balance = balance - (select coalesce(sum(cost), 0) from recorded)
    where account_id = ($1::uuid[])[1]
  )
  select id from recorded`;

// positions only have to grow, so a counter of the process does for them
let position = 1;

await serveBaseline(async (pool, events) => {
  const values = eventArrays(events, position);
  position += events.length;
  const { rows } = await pool.query<{ id: string }>({ name: 'record', text: RECORD, values });
  return new Set(rows.map(({ id }) => id));
});
