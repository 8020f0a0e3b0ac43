// Visibility: which of many people who look at accounts may still do so, in one question.
import type { Pool } from '../database.ts';

const READ_VISIBLE = `
  select w.ordinal::int4
  from unnest($1::uuid[], $2::uuid[], $3::uuid[]) with ordinality as w (session_id, person_id, account_id, ordinal)
  join auth.sessions s on s.id = w.session_id and s.person_id = w.person_id and s.expires_at > $4::timestamptz
  join accounts a on a.id = w.account_id
  where (a.owner_type = 'person' and a.owner_id = w.person_id)
    or (a.owner_type = 'organization' and exists (
      select from auth.members m where m.organization_id = a.owner_id and m.person_id = w.person_id
    ))`;

/** A person who looks at an account, in one of their sessions. */
export interface Looking {
  readonly sessionId: string;
  readonly personId: string;
  readonly accountId: string;
}

/** Says for each whether the session is still open and its person may see the account, in the order given. */
export async function readVisible(pool: Pool, looking: readonly Looking[], now: Date): Promise<boolean[]> {
  const values = [
    looking.map(({ sessionId }) => sessionId),
    looking.map(({ personId }) => personId),
    looking.map(({ accountId }) => accountId),
    now,
  ];
  const { rows } = await pool.query<{ ordinal: number }>({
    name: 'read-visible',
    text: READ_VISIBLE,
    values,
  });
  const visible = new Set(rows.map(({ ordinal }) => ordinal));
  return looking.map((_, index) => visible.has(index + 1));
}
