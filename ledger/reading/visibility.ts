// Visibility: which of many people may still see which account, in one question.
import type { Pool } from '../database.ts';

export const READ_VISIBLE = `
  select w.ordinal::int4 from unnest($1::uuid[], $2::uuid[]) with ordinality as w (person_id, account_id, ordinal)
  join accounts a on a.id = w.account_id
  where (a.owner_type = 'person' and a.owner_id = w.person_id)
    or (a.owner_type = 'organization' and exists (
      select from auth.members m where m.organization_id = a.owner_id and m.person_id = w.person_id
    ))`;

/** Says for each pair whether the person may see the account, in the order given. */
export async function readVisible(
  pool: Pool,
  pairs: readonly { readonly personId: string; readonly accountId: string }[],
): Promise<boolean[]> {
  const values = [pairs.map(({ personId }) => personId), pairs.map(({ accountId }) => accountId)];
  const { rows } = await pool.query<{ ordinal: number }>(READ_VISIBLE, values);
  const visible = new Set(rows.map(({ ordinal }) => ordinal));
  return pairs.map((_, index) => visible.has(index + 1));
}
