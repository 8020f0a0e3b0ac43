// Verify: no usage event's id stands on two days, searched along the index in ranges of ids.
import type { Pool } from '../database.ts';
import type { Findings } from './report.ts';

const IDS_A_DAY_AT_ONCE = 20_000;

// one step of the index for each day, however many events it has
const DAYS_WITH_USAGE = `
  with recursive days as (
    select (select min(day) from usage_events where account_id = $1::uuid) as day
    union all
    select (select min(u.day) from usage_events u where u.account_id = $1::uuid and u.day > days.day)
    from days where days.day is not null
  )
  select day::text from days where day is not null`;

const END_OF_RANGE = `
  select min(x.id) as id
  from unnest($2::date[]) as d (day)
  cross join lateral (
    select u.id from usage_events u
    where u.account_id = $1::uuid and u.day = d.day and u.id > $3::text order by u.id offset $4::int4 limit 1
  ) x`;

const IDS_ON_TWO_DAYS = `
  select x.id, min(d.day)::text as first_day, max(d.day)::text as last_day
  from unnest($2::date[]) as d (day)
  cross join lateral (
    select u.id from usage_events u
    where u.account_id = $1::uuid and u.day = d.day and u.id > $3::text and ($4::text is null or u.id <= $4::text)
  ) x
  group by x.id having count(*) > 1 order by x.id`;

/** Checks the ids of one account across all its days. */
export async function checkUsageDays(pool: Pool, account: string, findings: Findings): Promise<void> {
  const found = await pool.query<{ day: string }>(DAYS_WITH_USAGE, [account]);
  const days = found.rows.map(({ day }) => day);
  if (days.length < 2) return;
  let after = '';
  for (;;) {
    const end = await pool.query<{ id: string | null }>(END_OF_RANGE, [
      account,
      days,
      after,
      IDS_A_DAY_AT_ONCE,
    ]);
    const upTo = end.rows[0]?.id ?? null;
    const { rows } = await pool.query<{ id: string; first_day: string; last_day: string }>(IDS_ON_TWO_DAYS, [
      account,
      days,
      after,
      upTo,
    ]);
    for (const { id, first_day, last_day } of rows) {
      findings.offence(
        'attribution',
        `account ${account}: usage event ${id} stands on ${first_day} and ${last_day}`,
      );
    }
    if (upTo === null) return;
    after = upTo;
  }
}
