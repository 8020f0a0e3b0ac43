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

interface TwoDays {
  id: string;
  first_day: string;
  last_day: string;
}

/** Checks the ids of one account across all its days. */
export async function checkUsageDays(
  pool: Pool,
  account: string,
  findings: Findings,
  onStep: () => void,
): Promise<void> {
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
    const { rows } = await pool.query<TwoDays>(IDS_ON_TWO_DAYS, [account, days, after, upTo]);
    reportTwoDays(account, rows, findings);
    if (upTo === null) return;
    after = upTo;
    onStep();
  }
}

const POSITIONS_AT_ONCE = 20_000n;

const IDS_BESIDE = `
  select e.id, least(e.day, o.day)::text as first_day, greatest(e.day, o.day)::text as last_day
  from usage_events e
  cross join unnest(array[-1, 1]) as beside (days)
  join usage_events o on o.account_id = e.account_id and o.id = e.id and o.day = e.day + beside.days
  where e.account_id = $1::uuid and e.position > $2::int8 and e.position <= $3::int8
  order by e.id`;

/** Checks the ids of the events in a range of positions against the days beside their own, where a retry may lie. */
export async function checkNeighbouringDays(
  pool: Pool,
  account: string,
  after: bigint,
  upTo: bigint,
  findings: Findings,
  onStep: () => void,
): Promise<void> {
  for (let from = after; from < upTo; from += POSITIONS_AT_ONCE) {
    const end = from + POSITIONS_AT_ONCE < upTo ? from + POSITIONS_AT_ONCE : upTo;
    const { rows } = await pool.query<TwoDays>(IDS_BESIDE, [account, from.toString(), end.toString()]);
    reportTwoDays(account, rows, findings);
    onStep();
  }
}

function reportTwoDays(account: string, rows: readonly TwoDays[], findings: Findings): void {
  for (const { id, first_day, last_day } of rows) {
    findings.offence(
      'attribution',
      `account ${account}: usage event ${id} stands on ${first_day} and ${last_day}`,
    );
  }
}
