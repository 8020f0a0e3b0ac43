// Verify: the rollups of an account are exactly the sums of its usage events.
import type { Connection } from '../database.ts';
import type { Findings } from './report.ts';
import { type GroupRow, groupKey, groupSums, type UsageSums } from './usage-sums.ts';

const ROLLUPS = `
  select r.recorded_day::text, r.occurred_day::text, r.member_id, r.api_key_id, r.model, r.batched, r.event_count::text,
    r.input_tokens::text, r.cached_input_tokens::text, r.cache_write_tokens::text, r.output_tokens::text, r.cost::text
  from usage_rollups r
  where r.account_id = $1::uuid and ($2::date is null or r.recorded_day >= $2::date)`;

/** The account's rollups by group, of the days recorded since. */
export async function readRollups(
  connection: Connection,
  account: string,
  recordedSince: string | undefined,
): Promise<Map<string, bigint[]>> {
  const { rows } = await connection.query<GroupRow>(ROLLUPS, [account, recordedSince ?? null]);
  return new Map(rows.map((row) => [groupKey(row), groupSums(row)]));
}

/** Compares every group with the events, both read in the same snapshot. */
export function compareRollups(
  account: string,
  rollups: Map<string, bigint[]>,
  usage: UsageSums,
  findings: Findings,
): void {
  for (const [key, sums] of usage.groups) {
    const rolled = rollups.get(key);
    rollups.delete(key);
    if (rolled === undefined || rolled.some((value, i) => value !== sums[i])) {
      findings.offence(
        'usage',
        `account ${account}: rollup "${key}" says ${rolled ?? 'nothing'}, its events ${sums}`,
      );
    }
  }
  for (const [key, rolled] of rollups) {
    findings.offence(
      'usage',
      `account ${account}: rollup "${key}" says ${rolled}, but there are no such events`,
    );
  }
}
