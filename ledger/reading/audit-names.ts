// Names in the audit: of actors, subjects and the people that a change mentions, read once for a page.
import { validate as isUuid } from 'uuid';
import type { Pool } from '../database.ts';
import type { AuditedFields, AuditRow } from './audit.ts';
import { type Mention, type Named, readNames } from './names.ts';

export interface AuditNames {
  actor(row: AuditRow): string | null;
  subject(row: AuditRow): string | null;
  /** Those whom the changed fields name by id. */
  people(row: AuditRow): ReadonlyMap<string, Named>;
  isErased(personId: string | null): boolean;
}

/** An account and its auto top-up go by the name of whoever owns it. */
const NAMED_BY_OWNER = ['account', 'auto-top-up'];

const OWNERS = `
  select id, owner_id as value from accounts where id = any ($1::uuid[])`;

const ADDRESSES = `
  select id, case when email like 'erased-%@invalid' then 'former member' else email end as value
  from auth.invitations where id = any ($1::uuid[])`;

const ERASED = `
  select id, id as value from auth.people where id = any ($1::uuid[]) and erased_at is not null`;

/** Reads what the lines of a page name. */
export async function readAuditNames(pool: Pool, rows: readonly AuditRow[]): Promise<AuditNames> {
  const subjects = (kinds: readonly string[]) =>
    rows.filter((row) => kinds.includes(row.subject_kind)).map((row) => row.subject_id);
  const [owners, addresses, erased] = await Promise.all([
    lookUp(pool, OWNERS, subjects(NAMED_BY_OWNER)),
    lookUp(pool, ADDRESSES, subjects(['invitation'])),
    lookUp(
      pool,
      ERASED,
      rows.flatMap(({ actor_kind, actor_id }) => (actor_kind === 'person' && actor_id ? [actor_id] : [])),
    ),
  ]);
  const ownId = (row: AuditRow) =>
    NAMED_BY_OWNER.includes(row.subject_kind) ? owners.get(row.subject_id) : row.subject_id;
  const mentions = rows.flatMap((row): Mention[] =>
    [row.actor_id, ownId(row), ...personIds(row)]
      .filter((id) => typeof id === 'string' && isUuid(id))
      .map((id) => ({ id: String(id), at: row.at })),
  );
  const names = await readNames(pool, mentions);
  return {
    actor: ({ actor_id, at }) => (actor_id === null ? null : names.at(actor_id, at)),
    subject: (row) => addresses.get(row.subject_id) ?? names.at(ownId(row) ?? '', row.at),
    people: (row) => new Map(personIds(row).map((id) => [id, names.named(id, row.at)])),
    isErased: (personId) => personId !== null && erased.has(personId),
  };
}

async function lookUp(
  pool: Pool,
  statement: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const wanted = [...new Set(ids.filter((id) => isUuid(id)))];
  if (wanted.length === 0) return new Map();
  const { rows } = await pool.query<{ id: string; value: string }>(statement, [wanted]);
  return new Map(rows.map(({ id, value }) => [id, value]));
}

/** Fields that say by id who it was: `payerId`, `sponsorId`, `memberId`. */
const PERSON_FIELDS = ['payerId', 'sponsorId', 'memberId'];

/** Whether a field of a change names a person by id. */
export function namesPerson(field: string): boolean {
  return PERSON_FIELDS.includes(field);
}

function personIds({
  before,
  after,
}: {
  before: AuditedFields | null;
  after: AuditedFields | null;
}): string[] {
  return [before, after]
    .flatMap((fields) => Object.entries(fields ?? {}))
    .flatMap(([field, value]) => (namesPerson(field) && typeof value === 'string' ? [value] : []));
}
