// Names: what people, organizations and API keys were called at a moment, for a whole page of lines at once.
import type { Connection, Pool } from '../database.ts';

/** An id, with the name that went with it; null when it is not known. */
export interface Named {
  readonly id: string;
  readonly name: string | null;
}

/** Something that a line names, and the moment of the line. */
export interface Mention {
  readonly id: string;
  readonly at: Date;
}

/** The names of a page's mentions, in memory. */
export interface NamesThen {
  /** What it was called at that moment; before its first name, that one. */
  at(id: string, at: Date): string | null;
  /** The id with the name it had then. */
  named(id: string, at: Date): Named;
}

// Of each id the names of the page’s time alone: the one in force at its beginning and those that followed.
const READ_NAMES = `
  select i.id, n.name, floor(extract(epoch from n.since) * 1000)::float8 as since_ms
  from unnest($1::uuid[]) as i (id)
  cross join lateral (
    select coalesce(
      (select max(since) from names where subject_id = i.id and since <= $2::timestamptz),
      (select min(since) from names where subject_id = i.id)) as since
  ) first
  join lateral (
    select name, since from names
    where subject_id = i.id and since >= first.since and since <= greatest($3::timestamptz, first.since)
  ) n on true
  order by i.id, n.since`;

interface NameRow {
  id: string;
  name: string;
  since_ms: number;
}

/** Reads the names of everything that is mentioned, with one statement whose cost is that of the distinct ids. */
export async function readNames(db: Pool | Connection, mentions: readonly Mention[]): Promise<NamesThen> {
  const ids = [...new Set(mentions.map(({ id }) => id))];
  const spans = new Map<string, NameRow[]>();
  if (ids.length > 0) {
    const times = mentions.map(({ at }) => at.getTime());
    const earliest = times.reduce((one, other) => Math.min(one, other));
    const latest = times.reduce((one, other) => Math.max(one, other));
    const { rows } = await db.query<NameRow>({
      name: 'read-names',
      text: READ_NAMES,
      values: [ids, new Date(earliest), new Date(latest)],
    });
    for (const row of rows) {
      const span = spans.get(row.id);
      if (span === undefined) spans.set(row.id, [row]);
      else span.push(row);
    }
  }
  const nameAt = (id: string, at: Date): string | null => {
    const span = spans.get(id) ?? [];
    const found = span.findLast(({ since_ms }) => since_ms <= at.getTime()) ?? span[0];
    return found?.name ?? null;
  };
  return { at: nameAt, named: (id, at) => ({ id, name: nameAt(id, at) }) };
}
