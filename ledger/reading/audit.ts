// The audit as people read it: who changed what, newest first, with the names of that time.
import type { Pool } from '../database.ts';
import { readAuditNames } from './audit-names.ts';
import type { Named } from './names.ts';

export type ActorKind = 'person' | 'operator' | 'organization' | 'system';

/** What a line says about a thing that changed: amounts are integer strings of nano-dollars, people ids. */
export type AuditedFields = Readonly<Record<string, unknown>>;

export interface AuditLine {
  readonly position: bigint;
  readonly id: string;
  readonly at: Date;
  /** Whose owners and admins read it; null: only operators do. */
  readonly accountId: string | null;
  readonly actor: { readonly kind: ActorKind; readonly id: string | null; readonly name: string | null };
  readonly action: string;
  readonly subject: { readonly kind: string; readonly id: string; readonly name: string | null };
  readonly before: AuditedFields | null;
  readonly after: AuditedFields | null;
  readonly reason: string | null;
  /** Where the actor called from; null once the person was erased. */
  readonly address: string | null;
  readonly requestId: string | null;
  /** Whom `before` and `after` name by id, as they were called then. */
  readonly people: ReadonlyMap<string, Named>;
}

export interface AuditFilter {
  /** From inclusive, to exclusive. */
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
  /** An action, or with a dot at its end the beginning of several: `member.`. */
  readonly action?: string | undefined;
  readonly actorId?: string | undefined;
  readonly subjectId?: string | undefined;
}

export interface AuditPage {
  readonly lines: AuditLine[];
  /** Where to read on; undefined on the last page. */
  readonly next: bigint | undefined;
}

const READ_AUDIT = `
  select l.position, l.id, l.at, l.account_id, l.actor_kind, l.actor_id, l.action, l.subject_kind, l.subject_id,
    l.before, l.after, l.reason, l.address, l.request_id
  from audit_lines l
  where ($1::uuid is null or l.account_id = $1::uuid) and l.position < $2::int8
    and ($3::timestamptz is null or l.at >= $3::timestamptz)
    and ($4::timestamptz is null or l.at < $4::timestamptz)
    and ($5::text is null or l.action = $5::text or (right($5::text, 1) = '.' and starts_with(l.action, $5::text)))
    and ($6::uuid is null or l.actor_id = $6::uuid)
    and ($7::text is null or l.subject_id = $7::text)
  order by l.position desc limit $8::int4`;

export interface AuditRow {
  position: string;
  id: string;
  at: Date;
  account_id: string | null;
  actor_kind: ActorKind;
  actor_id: string | null;
  action: string;
  subject_kind: string;
  subject_id: string;
  before: AuditedFields | null;
  after: AuditedFields | null;
  reason: string | null;
  address: string | null;
  request_id: string | null;
}

const BEYOND_ALL = 2n ** 63n - 1n;

/** A page of an account's audit, newest first; without an account, of the whole deployment's. */
export async function readAudit(
  pool: Pool,
  accountId: string | undefined,
  filter: AuditFilter,
  page: { before?: bigint | undefined; limit: number },
): Promise<AuditPage> {
  const { rows } = await pool.query<AuditRow>(READ_AUDIT, [
    accountId ?? null,
    page.before ?? BEYOND_ALL,
    filter.from ?? null,
    filter.to ?? null,
    filter.action ?? null,
    filter.actorId ?? null,
    filter.subjectId ?? null,
    page.limit + 1,
  ]);
  const kept = rows.slice(0, page.limit);
  const names = await readAuditNames(pool, kept);
  const lines = kept.map((row) => ({
    position: BigInt(row.position),
    id: row.id,
    at: row.at,
    accountId: row.account_id,
    actor: { kind: row.actor_kind, id: row.actor_id, name: names.actor(row) },
    action: row.action,
    subject: { kind: row.subject_kind, id: row.subject_id, name: names.subject(row) },
    before: row.before,
    after: row.after,
    reason: row.reason,
    address: names.isErased(row.actor_id) ? null : row.address,
    requestId: row.request_id,
    people: names.people(row),
  }));
  return { lines, next: rows.length > page.limit ? lines.at(-1)?.position : undefined };
}
