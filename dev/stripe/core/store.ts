// The sandbox's memory: one SQLite file that keeps every object, reply, event and timer through a kill.
import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';

const SCHEMA = `
  create table if not exists objects (
    seq integer primary key autoincrement,
    id text not null unique,
    type text not null,
    created integer not null,
    body text not null,
    hidden text not null,
    customer text generated always as (json_extract(body, '$.customer')) virtual,
    payment_intent text generated always as (json_extract(body, '$.payment_intent')) virtual
  );
  create index if not exists objects_by_type on objects (type, seq);
  create index if not exists objects_by_customer on objects (customer, type, seq) where customer is not null;
  create index if not exists objects_by_payment_intent on objects (payment_intent, type, seq)
    where payment_intent is not null;
  create table if not exists idempotency_keys (
    key text primary key, hash text not null, status integer not null, body text not null,
    request_id text not null, created_at integer not null
  );
  create table if not exists deliveries (
    id integer primary key autoincrement, event_id text not null, endpoint_id text not null,
    state text not null, attempts integer not null default 0, due_at integer not null, rank real not null,
    last_result text
  );
  create index if not exists deliveries_due on deliveries (state, due_at, rank);
  create index if not exists deliveries_by_event on deliveries (event_id);
  create table if not exists timers (
    id integer primary key autoincrement, due_at integer not null, kind text not null, object_id text not null
  );
  create index if not exists timers_due on timers (due_at);
  create table if not exists requests (
    id text primary key, received_at integer not null, method text not null, path text not null,
    idempotency_key text, status integer, fault text
  );
  create table if not exists settings (name text primary key, value text not null);
`;

export type Row = Record<string, string | number | null>;

export interface Store {
  /** Runs `work` in one transaction: everything it wrote is kept, or nothing when it throws. */
  transaction<T>(work: () => T): T;
  /** Inside a transaction: undoes what `work` wrote when it throws, and lets the transaction go on. */
  savepoint<T>(work: () => T): T;
  run(sql: string, ...values: SQLInputValue[]): { changes: number; lastId: number };
  row(sql: string, ...values: SQLInputValue[]): Row | undefined;
  rows(sql: string, ...values: SQLInputValue[]): Row[];
  setting(name: string): string | null;
  saveSetting(name: string, value: string): void;
  close(): void;
}

/** Opens (or makes) the store; `:memory:` keeps it for the life of the process. Commits survive a killed process. */
export function openStore(file: string): Store {
  if (file !== ':memory:') mkdirSync(dirname(resolve(file)), { recursive: true });
  const database = new DatabaseSync(file);
  database.exec('pragma journal_mode = wal; pragma synchronous = normal; pragma busy_timeout = 5000;');
  database.exec(SCHEMA);
  const prepared = new Map<string, StatementSync>();
  const statement = (sql: string): StatementSync => {
    const known = prepared.get(sql) ?? database.prepare(sql);
    prepared.set(sql, known);
    return known;
  };
  const bracket = <T>(begin: string, commit: string, rollback: string, work: () => T): T => {
    database.exec(begin);
    try {
      const result = work();
      database.exec(commit);
      return result;
    } catch (error) {
      database.exec(rollback);
      throw error;
    }
  };
  const store: Store = {
    transaction: (work) => bracket('begin immediate', 'commit', 'rollback', work),
    savepoint: (work) => bracket('savepoint step', 'release step', 'rollback to step; release step', work),
    run(sql, ...values) {
      const { changes, lastInsertRowid } = statement(sql).run(...values);
      return { changes: Number(changes), lastId: Number(lastInsertRowid) };
    },
    row(sql, ...values) {
      const found = statement(sql).get(...values);
      return found === undefined ? undefined : plain(found);
    },
    rows: (sql, ...values) =>
      statement(sql)
        .all(...values)
        .map(plain),
    setting: (name) =>
      textOf(store.row('select value from settings where name = ?', name)?.['value'] ?? null),
    saveSetting(name, value) {
      store.run('insert or replace into settings (name, value) values (?, ?)', name, value);
    },
    close: () => database.close(),
  };
  return store;
}

/** The column as text; null when it is null. */
function textOf(value: string | number | null | undefined): string | null {
  return value === null || value === undefined ? null : String(value);
}

function plain(found: Record<string, unknown>): Row {
  const row: Row = {};
  for (const [column, value] of Object.entries(found)) {
    row[column] = typeof value === 'string' || typeof value === 'number' ? value : null;
  }
  return row;
}
