// Posted lines: credit in an account's history, for the route that names one line.
import type { Pool } from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { withTransaction } from '../../../ledger/database.ts';
import { openAccount, postPending } from '../../../ledger/posting.ts';

const STORE_GRANT = `select store_command($1, $2, $3, 'grant', 1000000000, '{}', $4)`;

/** Posts grants until the account's history has a line of this seq, and returns the line's id. */
export async function postedLine(pool: Pool, accountId: string, seq: number): Promise<string> {
  for (;;) {
    const now = new Date();
    const { standing } = await withTransaction(pool, (connection) => openAccount(connection, accountId));
    if (standing.seq >= seq) return `entry-${seq}`;
    await pool.query(STORE_GRANT, [uuidv7(), accountId, `grant:${uuidv7()}`, now]);
    await withTransaction(pool, (connection) =>
      postPending(connection, { accountId, epoch: standing.epoch, afterSeq: standing.seq }, now),
    );
  }
}
