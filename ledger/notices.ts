// Notices: the outbox of mail. Written in the transaction of the fact they tell of, sent by the worker.
import type { Pool } from './database.ts';

export interface Notice {
  readonly id: string;
  readonly kind: string;
  /** Whoever reads it; without a name when they need not be a person of ours. */
  readonly person: { readonly name: string | null; readonly email: string };
  /** What an invitation says; null for every other notice. */
  readonly invitation: {
    readonly inviter: string;
    readonly role: string;
    readonly expiresAt: Date;
  } | null;
  /** The organization's name; null for somebody's personal account. */
  readonly organization: string | null;
  readonly details: Readonly<Record<string, unknown>>;
  readonly tries: number;
}

const TAKE_NOTICES = `
  with due as (
    select id, person_id, invitation_id from notices
    where next_try_at <= $1::timestamptz order by next_try_at limit $2::int4 for update skip locked
  )
  update notices n set tries = n.tries + 1,
    next_try_at = $1::timestamptz + least(interval '5 seconds' * 2 ^ least(n.tries, 12), interval '1 hour')
  from due
  left join auth.people p on p.id = due.person_id
  left join auth.invitations i on i.id = due.invitation_id
  left join auth.people inviter on inviter.id = i.inviter_id
  where n.id = due.id
  returning n.id, n.kind, p.name,
    coalesce(n.details ->> 'to', p.email, i.email) as email,
    n.details, n.tries, inviter.name as inviter, i.role,
    i.expires_at, (
      select o.name from accounts a join auth.organizations o on a.owner_type = 'organization' and o.id = a.owner_id
      where a.id = n.account_id
    ) as organization`;

interface NoticeRow {
  id: string;
  kind: string;
  name: string | null;
  email: string;
  details: Record<string, unknown>;
  tries: number;
  organization: string | null;
  inviter: string | null;
  role: string | null;
  expires_at: Date | null;
}

/** Takes the notices that are due; one that is not marked sent comes again, ever later. */
export async function takeNotices(pool: Pool, now: Date, most: number): Promise<Notice[]> {
  const { rows } = await pool.query<NoticeRow>(TAKE_NOTICES, [now, most]);
  return rows.map(({ name, email, inviter, role, expires_at, ...row }) => ({
    ...row,
    person: { name, email },
    invitation:
      inviter === null || role === null || expires_at === null
        ? null
        : { inviter, role, expiresAt: expires_at },
  }));
}

const MARK_NOTICE_SENT = `
  update notices set sent_at = $2::timestamptz, next_try_at = null, failure = null where id = $1::uuid`;

export async function markNoticeSent(pool: Pool, id: string, now: Date): Promise<void> {
  await pool.query(MARK_NOTICE_SENT, [id, now]);
}

const GIVE_UP_NOTICE = `
  update notices set failure = $2::text, next_try_at = null where id = $1::uuid`;

/** Keeps why a notice is not sent any more. */
export async function giveUpNotice(pool: Pool, id: string, failure: string): Promise<void> {
  await pool.query(GIVE_UP_NOTICE, [id, failure]);
}

const MARK_NOTICE_FAILED = `
  update notices set failure = $2::text, next_try_at = case when tries < 20 then next_try_at end where id = $1::uuid`;

/** Keeps why a notice could not be sent; after twenty tries it is given up. */
export async function markNoticeFailed(pool: Pool, id: string, failure: string): Promise<void> {
  await pool.query(MARK_NOTICE_FAILED, [id, failure.slice(0, 500)]);
}
