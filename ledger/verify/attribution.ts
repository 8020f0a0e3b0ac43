// Verify: whoever usage events name exists: the account's key, and a person who answered for that key.
import type { Pool } from '../database.ts';
import type { Findings } from './report.ts';
import type { UsageSums } from './usage-sums.ts';

const WRONG_ATTRIBUTIONS = `
  select n.member_id, n.api_key_id, k.id is not null as key_known, p.id is not null as member_known
  from unnest($2::uuid[], $3::uuid[]) as n (member_id, api_key_id)
  left join api_keys k on k.id = n.api_key_id and k.account_id = $1::uuid
  left join auth.people p on p.id = n.member_id
  where k.id is null or p.id is null
    or not exists (select from api_key_holders h where h.api_key_id = n.api_key_id and h.member_id = n.member_id)
  order by n.member_id, n.api_key_id`;

interface WrongRow {
  member_id: string;
  api_key_id: string;
  key_known: boolean;
  member_known: boolean;
}

/** Checks every pair of member and key that the account's usage names. */
export async function checkAttribution(
  pool: Pool,
  account: string,
  usage: UsageSums,
  findings: Findings,
): Promise<void> {
  const pairs = [...usage.attributions.values()];
  if (pairs.length === 0) return;
  const { rows } = await pool.query<WrongRow>(WRONG_ATTRIBUTIONS, [
    account,
    pairs.map(({ memberId }) => memberId),
    pairs.map(({ apiKeyId }) => apiKeyId),
  ]);
  for (const row of rows) findings.offence('attribution', `account ${account}: usage names ${whyWrong(row)}`);
}

function whyWrong(row: WrongRow): string {
  if (!row.key_known) return `API key ${row.api_key_id} of this account, which does not exist`;
  return row.member_known
    ? `person ${row.member_id}, who never held API key ${row.api_key_id}`
    : `person ${row.member_id}, who does not exist`;
}
