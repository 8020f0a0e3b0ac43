// Verify: the rollups of an account are exactly the sums of its usage events.
import type { Pool } from '../database.ts';
import type { Findings } from './report.ts';
import { type GroupRow, groupKey, groupSums, type UsageSums } from './usage-sums.ts';

// one statement and so one snapshot: the rollups, and the events that came after those already summed
const ROLLUPS_AND_REST = `
  select 'events' as origin, (u.recorded_at at time zone 'UTC')::date::text as recorded_day, (u.occurred_at at time zone 'UTC')::date::text as occurred_day,
  u.member_id, u.api_key_id, u.model, u.batched, count(*)::text as event_count, sum(u.input_tokens)::text as input_tokens,
  sum(u.cached_input_tokens)::text as cached_input_tokens, sum(u.cache_write_tokens)::text as cache_write_tokens,
  sum(u.output_tokens)::text as output_tokens, sum(u.cost)::text as cost
  from usage_events u where u.account_id = $1::uuid and u.position > $2::int8
  group by 2, 3, u.member_id, u.api_key_id, u.model, u.batched
  union all
  select 'rollup', r.recorded_day::text, r.occurred_day::text, r.member_id, r.api_key_id, r.model, r.batched, r.event_count::text,
    r.input_tokens::text, r.cached_input_tokens::text, r.cache_write_tokens::text, r.output_tokens::text, r.cost::text
  from usage_rollups r where r.account_id = $1::uuid`;

type OriginRow = GroupRow & { origin: 'events' | 'rollup' };

/** Completes `usage` with the account's open period and compares every group with its rollup. */
export async function checkRollups(
  pool: Pool,
  account: string,
  usage: UsageSums,
  findings: Findings,
): Promise<void> {
  const { rows } = await pool.query<OriginRow>(ROLLUPS_AND_REST, [account, usage.position.toString()]);
  const rollups = new Map<string, bigint[]>();
  for (const row of rows) {
    if (row.origin === 'events') {
      usage.add(row);
      findings.usageEvents += Number(row.event_count);
    } else {
      rollups.set(groupKey(row), groupSums(row));
    }
  }
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
