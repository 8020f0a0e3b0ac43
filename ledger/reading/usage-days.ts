// Where usage that a filter matches can be: the rollups count it by day, member, key and model.
import type { Pool } from '../database.ts';
import type { HistoryFilter } from './history.ts';

export interface UsageDays {
  /** The days on which matching usage occurred, and how much usage of the account, matching or not, they have. */
  readonly days: readonly string[];
  readonly events: number;
  /** The same with the days beside them: an id may stand on the day before or after that of its usage. */
  readonly daysAround: readonly string[];
  readonly eventsAround: number;
  /** How much usage matches at most; undefined where the rollups do not know. */
  readonly matching: number | undefined;
}

const COUNT_BY_DAY = `
  select r.occurred_day::text as day, sum(r.event_count)::int8 as events,
    coalesce(sum(r.event_count) filter (
      where ($2::timestamptz is null or r.occurred_day >= ($2::timestamptz at time zone 'UTC')::date)
        and ($3::timestamptz is null or r.occurred_day <= ($3::timestamptz at time zone 'UTC')::date)
        and ($4::uuid is null or r.member_id = $4::uuid)
        and ($5::uuid is null or r.api_key_id = $5::uuid)
        and ($6::text is null or r.model = $6::text)
    ), 0)::int8 as matching
  from usage_rollups r
  where r.account_id = $1::uuid
  group by r.occurred_day`;

/** The days of an account's usage that a filter leaves. */
export async function usageDays(
  pool: Pool,
  accountId: string,
  { from, to, memberId, apiKeyId, model, batchId }: HistoryFilter,
): Promise<UsageDays> {
  const { rows } = await pool.query<{ day: string; events: string; matching: string }>(COUNT_BY_DAY, [
    accountId,
    from ?? null,
    to ?? null,
    memberId ?? null,
    apiKeyId ?? null,
    model ?? null,
  ]);
  const found = rows.filter(({ matching }) => matching !== '0');
  const days = found.map(({ day }) => day);
  const daysAround = [...new Set(days.flatMap((day) => [-1, 0, 1].map((by) => dayBeside(day, by))))];
  const around = new Set(daysAround);
  return {
    days,
    events: sum(found.map(({ events }) => events)),
    daysAround,
    eventsAround: sum(rows.filter(({ day }) => around.has(day)).map(({ events }) => events)),
    matching: batchId === undefined ? sum(found.map(({ matching }) => matching)) : undefined,
  };
}

function dayBeside(day: string, by: number): string {
  const date = new Date(day);
  date.setUTCDate(date.getUTCDate() + by);
  return date.toISOString().slice(0, 10);
}

const sum = (counts: readonly string[]) => counts.reduce((all, count) => all + Number(count), 0);
