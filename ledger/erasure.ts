// Erasure: forgets who a person was, on request. What they did stays, under their id.
import { type Actor, setReason, withActing } from './acting.ts';
import type { Pool } from './database.ts';

const ERASE_PERSON = 'select erase_person($1::uuid, $2::timestamptz) as outcome';

type Outcome = 'erased' | 'again' | 'unknown' | 'changed';

const MOST_TRIES = 5;

/**
 * Erases a person in one transaction: name and e-mail everywhere, sign-in, sessions, memberships with their keys, cards.
 * Their personal account is closed, with whatever is left on it. Ledger, usage and audit keep the id, so that every sum
 * stays what it was. Erasing again changes nothing. Returns whether there is such a person. Raises `last-owner`, naming
 * the organizations that would be left without an owner.
 */
export async function erasePerson(
  pool: Pool,
  actor: Actor,
  { personId, reason }: { personId: string; reason?: string },
  now: Date,
): Promise<boolean> {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const outcome = await withActing(pool, actor, now, async (connection) => {
      if (reason !== undefined) await setReason(connection, reason);
      const { rows } = await connection.query<{ outcome: Outcome }>(ERASE_PERSON, [personId, now]);
      return rows[0]?.outcome;
    });
    if (outcome !== 'changed') return outcome !== 'unknown';
  }
  throw new Error('what belongs to a person changes faster than it can be locked');
}
