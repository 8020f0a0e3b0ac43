// Presence: a worker holds a lock in Postgres for as long as it asks for work, so whoever looks knows at once that it died.
import type { Connection, Pool } from './database.ts';

/* A worker that hangs keeps its connection open: Postgres itself ends the session of one that is silent this long. */
const HOLD_PRESENCE = `
  select set_config('idle_session_timeout', '10s', false),
    pg_advisory_lock_shared(hashtextextended('coffer worker ' || $1::text, 0))`;

/**
 * Says over a connection that a worker of the task queue is there (each worker shares the lock), until the connection
 * ends or nothing is asked over it for 10 s.
 */
export async function holdPresence(connection: Connection, taskQueue: string): Promise<void> {
  await connection.query(HOLD_PRESENCE, [taskQueue]);
}

/* An advisory lock of one key stands there in two halves. */
const IS_PRESENT = `
  select exists (
    select 1 from pg_locks l, hashtextextended('coffer worker ' || $1::text, 0) as key
    where l.locktype = 'advisory' and l.objsubid = 1 and l.granted
      and l.database = (select oid from pg_database where datname = current_database())
      and l.classid::int8 = (key >> 32) & 4294967295 and l.objid::int8 = key & 4294967295
  ) as present`;

/** Whether some worker of the task queue is there. */
export async function isWorkerPresent(pool: Pool, taskQueue: string): Promise<boolean> {
  const { rows } = await pool.query<{ present: boolean }>(IS_PRESENT, [taskQueue]);
  return rows[0]?.present === true;
}
