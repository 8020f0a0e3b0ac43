// Members as people read them: name, role and address, and what hangs on one who is about to be removed.
import type { Pool } from '../database.ts';
import type { MemberRole } from '../members.ts';

export interface MemberReading {
  /** The person's id. */
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly role: MemberRole;
  readonly joinedAt: Date;
  /** Where a list goes on. */
  readonly place: string;
}

interface MemberRow {
  id: string;
  name: string;
  email: string;
  role: MemberRole;
  joined_at: Date;
  place: string;
}

const LIST_MEMBERS = `
  select p.id, p.name, p.email, m.role, m.created_at as joined_at, m.id as place
  from auth.members m join auth.people p on p.id = m.person_id
  where m.organization_id = $1::uuid and ($2::uuid is null or m.id > $2::uuid)
  order by m.id limit $3::int4`;

/** Members of an organization in the order in which they joined; `after` is the place of the last one already read. */
export async function listMembers(
  pool: Pool,
  page: { organizationId: string; after: string | undefined; limit: number },
): Promise<MemberReading[]> {
  const values = [page.organizationId, page.after ?? null, page.limit];
  const { rows } = await pool.query<MemberRow>(LIST_MEMBERS, values);
  return rows.map(fromRow);
}

const FIND_MEMBER = `
  select p.id, p.name, p.email, m.role, m.created_at as joined_at, m.id as place
  from auth.members m join auth.people p on p.id = m.person_id
  where m.organization_id = $1::uuid and m.person_id = $2::uuid`;

/** One member; `undefined` when the person is none. */
export async function findMember(
  pool: Pool,
  organizationId: string,
  personId: string,
): Promise<MemberReading | undefined> {
  const { rows } = await pool.query<MemberRow>(FIND_MEMBER, [organizationId, personId]);
  return rows.map(fromRow)[0];
}

/** What stops when somebody leaves. */
export interface MemberTies {
  /** Their keys that work and were used within the last day. */
  readonly keysInUse: readonly {
    readonly id: string;
    readonly name: string;
    readonly prefix: string;
    readonly lastUsedAt: Date;
  }[];
  readonly sponsorsAutoTopUp: boolean;
}

// what was recorded since yesterday holds whatever occurred within the day, and is found by the primary key
const FIND_KEYS_IN_USE = `
  select k.id, k.name, k.prefix, max(u.last_occurred_at) as last_used_at
  from api_keys k
  join usage_rollups u on u.account_id = k.account_id and u.api_key_id = k.id
  where k.account_id = $1::uuid and k.member_id = $2::uuid and k.revoked_at is null
    and (k.expires_at is null or k.expires_at > $3::timestamptz)
    and u.recorded_day >= ($3::timestamptz at time zone 'UTC')::date - 1
    and u.last_occurred_at > $3::timestamptz - interval '1 day'
  group by k.id
  order by k.id`;

interface KeyRow {
  id: string;
  name: string;
  prefix: string;
  last_used_at: Date;
}

const IS_SPONSOR = `
  select exists (select from auto_top_up_rules where account_id = $1::uuid and sponsor_id = $2::uuid) as sponsors`;

/** What hangs on a member: for the question before they are removed. */
export async function findTies(
  pool: Pool,
  member: { accountId: string; personId: string },
  now: Date,
): Promise<MemberTies> {
  const values = [member.accountId, member.personId];
  const [keys, sponsor] = await Promise.all([
    pool.query<KeyRow>(FIND_KEYS_IN_USE, [...values, now]),
    pool.query<{ sponsors: boolean }>(IS_SPONSOR, values),
  ]);
  const keysInUse = keys.rows.map(({ last_used_at, ...key }) => ({ ...key, lastUsedAt: last_used_at }));
  return { keysInUse, sponsorsAutoTopUp: sponsor.rows[0]?.sponsors ?? false };
}

function fromRow({ joined_at, ...row }: MemberRow): MemberReading {
  return { ...row, joinedAt: joined_at };
}
