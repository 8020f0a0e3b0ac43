// Membership for tests: what stands in the database about an organization, its audit, and the links in its mail.
import type { Pool } from 'pg';

export interface MembershipState {
  readonly state: string;
  readonly members: { readonly person: string; readonly role: string }[];
  readonly keys: { readonly id: string; readonly revoked: boolean }[];
  readonly invitations: {
    readonly email: string;
    readonly role: string;
    readonly status: string;
    readonly sends: number;
  }[];
  readonly rules: number;
}

/** Everything about an organization that an operation on its members could change. */
export async function membershipState(pool: Pool, organizationId: string): Promise<MembershipState> {
  const { rows } = await pool.query<MembershipState>(
    `select b.state,
       (select coalesce(json_agg(json_build_object('person', m.person_id, 'role', m.role) order by m.id), '[]')
         from auth.members m where m.organization_id = $1) as members,
       (select coalesce(json_agg(json_build_object('id', k.id, 'revoked', k.revoked_at is not null) order by k.id), '[]')
         from api_keys k where k.account_id = a.id) as keys,
       (select coalesce(json_agg(json_build_object('email', i.email, 'role', i.role, 'status', i.status, 'sends', i.sends)
         order by i.id), '[]') from auth.invitations i where i.organization_id = $1) as invitations,
       (select count(*)::int4 from auto_top_up_rules r where r.account_id = a.id) as rules
     from accounts a join account_balances b on b.account_id = a.id where a.owner_id = $1`,
    [organizationId],
  );
  const [state] = rows;
  if (state === undefined) throw new Error(`there is no organization ${organizationId}`);
  return state;
}

/** The audit lines of an account in their order: the action, and who did it. */
export async function audited(pool: Pool, accountId: string): Promise<[string, string | null][]> {
  const { rows } = await pool.query<{ action: string; actor_id: string | null }>(
    'select action, actor_id from audit_lines where account_id = $1 order by position',
    [accountId],
  );
  return rows.map(({ action, actor_id }) => [action, actor_id]);
}

/** The secret of the newest link to an address that waits to be sent. */
export async function secretFor(pool: Pool, email: string): Promise<string> {
  const { rows } = await pool.query<{ secret: string }>(
    `select n.details ->> 'secret' as secret from notices n join auth.invitations i on i.id = n.invitation_id
     where i.email = $1 and n.next_try_at is not null order by n.id desc limit 1`,
    [email],
  );
  const [found] = rows;
  if (found === undefined) throw new Error(`no link waits to be sent to ${email}`);
  return found.secret;
}

/** A card that its owner agreed to have charged, as far as the database knows; no Stripe ever heard of it. */
export async function storeCard(
  pool: Pool,
  person: { readonly personId: string; readonly email: string },
): Promise<string> {
  const id = `pm_${person.personId}`;
  await pool.query(
    `insert into payment_methods (id, person_id, customer_id, fingerprint, brand, last4, exp_month, exp_year, consented_at,
       consent_terms, created_at)
     values ($1, $2, $3, $4, 'visa', '4242', 12, 2040, now(), 'test', now()) on conflict do nothing`,
    [id, person.personId, `cus_${person.personId}`, `print-${person.personId}`],
  );
  return id;
}

const BROKEN = `
  select 'an open organization has no owner: ' || o.id as broken from auth.organizations o
    where o.closed_at is null
      and not exists (select from auth.members m where m.organization_id = o.id and m.role = 'owner')
  union all
  select 'a closed organization has a member: ' || m.organization_id
    from auth.members m join auth.organizations o on o.id = m.organization_id where o.closed_at is not null
  union all
  select 'a key works without a member: ' || k.id
    from api_keys k join accounts a on a.id = k.account_id join account_balances b on b.account_id = a.id
    where k.revoked_at is null and (b.state = 'closed' or (a.owner_type = 'organization' and not exists (
      select from auth.members m where m.organization_id = a.owner_id and m.person_id = k.member_id)))
  union all
  select 'a token works for a closed organization: ' || t.id
    from service_tokens t join auth.organizations o on o.id = t.organization_id
    where t.revoked_at is null and o.closed_at is not null
  union all
  select 'a rule charges the card of somebody who may not: ' || r.account_id
    from auto_top_up_rules r where r.state = 'enabled' and not may_sponsor(r.account_id, r.sponsor_id)
  union all
  select 'a rule stands on a closed account: ' || r.account_id
    from auto_top_up_rules r join account_balances b on b.account_id = r.account_id where b.state = 'closed'
  union all
  select 'an invitation outlived the right to make it: ' || i.id
    from auth.invitations i left join auth.members m on m.organization_id = i.organization_id and m.person_id = i.inviter_id
    where i.status = 'pending' and (m.role is null or m.role = 'member' or (m.role = 'admin' and i.role = 'owner'))
  union all
  select 'account and organization disagree about being closed: ' || o.id
    from auth.organizations o join accounts a on a.owner_id = o.id join account_balances b on b.account_id = a.id
    where (o.closed_at is not null) <> (b.state = 'closed')`;

/** What must never be, of all organizations: a line for each that is. */
export async function brokenMemberships(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ broken: string }>(BROKEN);
  return rows.map(({ broken }) => broken);
}
