// A snapshot: several statements that see the books as they were at one moment. Kept short, so that it costs writers nothing.
import type { Connection, Pool } from '../database.ts';

const BEGIN = 'begin isolation level repeatable read read only';

/** Runs `read` in one read-only snapshot. */
export async function inSnapshot<T>(pool: Pool, read: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await pool.connect();
  let broken: Error | undefined;
  try {
    await connection.query(BEGIN);
    return await read(connection);
  } finally {
    await connection.query('commit').catch((failure: Error) => {
      broken = failure;
    });
    connection.release(broken);
  }
}
