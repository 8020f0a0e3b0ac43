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
