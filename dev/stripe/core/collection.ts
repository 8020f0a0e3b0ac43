// Stripe objects of one kind in the store, each with what only the sandbox knows about it.
import type { SQLInputValue } from 'node:sqlite';
import type { Row, Store } from './store.ts';

export interface Stored<Body, Hidden> {
  body: Body;
  hidden: Hidden;
}

export interface Range {
  gt?: number | undefined;
  gte?: number | undefined;
  lt?: number | undefined;
  lte?: number | undefined;
}

export interface Query {
  /** Fields of the object that must equal a value; undefined ones do not filter. */
  where?: Record<string, string | undefined>;
  created?: Range | number | undefined;
  limit?: number;
  startingAfter?: string | undefined;
  endingBefore?: string | undefined;
  /** A further condition, written by a route. */
  also?: { sql: string; values: SQLInputValue[] } | undefined;
}

export interface Collection<Body, Hidden> {
  insert(body: Body, hidden: Hidden): void;
  find(id: string): Stored<Body, Hidden> | undefined;
  save(body: Body, hidden?: Hidden): void;
  /** Newest first, except with `endingBefore`, which yields the ones right before it, newest first too. */
  list(query: Query): Stored<Body, Hidden>[];
  count(): number;
}

const INDEXED = ['customer', 'payment_intent'];

/** The objects of one `type`; bodies are written and read whole. */
export function collection<Body extends { id: string; created?: number }, Hidden>(
  store: Store,
  type: string,
): Collection<Body, Hidden> {
  return {
    insert(body, hidden) {
      store.run(
        'insert into objects (id, type, created, body, hidden) values (?, ?, ?, ?, ?)',
        body.id,
        type,
        body.created ?? 0,
        JSON.stringify(body),
        JSON.stringify(hidden),
      );
    },
    find(id) {
      const row = store.row('select body, hidden from objects where id = ? and type = ?', id, type);
      return row === undefined ? undefined : stored<Body, Hidden>(row);
    },
    save(body, hidden) {
      store.run('update objects set body = ? where id = ?', JSON.stringify(body), body.id);
      if (hidden !== undefined) {
        store.run('update objects set hidden = ? where id = ?', JSON.stringify(hidden), body.id);
      }
    },
    list: (query) => select(store, type, query).map((row) => stored<Body, Hidden>(row)),
    count: () => Number(store.row('select count(*) as n from objects where type = ?', type)?.['n'] ?? 0),
  };
}

function stored<Body, Hidden>(row: Row): Stored<Body, Hidden> {
  const body: Body = JSON.parse(String(row['body']));
  const hidden: Hidden = JSON.parse(String(row['hidden']));
  return { body, hidden };
}

function select(store: Store, type: string, query: Query): Row[] {
  const conditions = ['type = ?'];
  const values: SQLInputValue[] = [type];
  const add = (sql: string, ...more: SQLInputValue[]) => {
    conditions.push(sql);
    values.push(...more);
  };
  for (const [field, value] of Object.entries(query.where ?? {})) {
    if (value === undefined) continue;
    if (INDEXED.includes(field)) add(`${field} = ?`, value);
    else add('json_extract(body, ?) = ?', `$.${field}`, value);
  }
  const created =
    typeof query.created === 'number' ? { gte: query.created, lte: query.created } : query.created;
  if (created?.gt !== undefined) add('created > ?', created.gt);
  if (created?.gte !== undefined) add('created >= ?', created.gte);
  if (created?.lt !== undefined) add('created < ?', created.lt);
  if (created?.lte !== undefined) add('created <= ?', created.lte);
  if (query.startingAfter !== undefined) {
    add('seq < (select seq from objects where id = ?)', query.startingAfter);
  }
  if (query.endingBefore !== undefined)
    add('seq > (select seq from objects where id = ?)', query.endingBefore);
  if (query.also !== undefined) add(query.also.sql, ...query.also.values);
  const backwards = query.endingBefore !== undefined;
  const found = store.rows(
    `select body, hidden from objects where ${conditions.join(' and ')} order by seq ${backwards ? 'asc' : 'desc'} limit ?`,
    ...values,
    query.limit ?? 1_000_000,
  );
  return backwards ? found.reverse() : found;
}
