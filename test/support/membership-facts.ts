// What stands in the database about a small world of organizations, and what of it has changed.
import type { World } from './membership-world.ts';

const FACTS = `
  select 'organization ' || o.id as what, o.name || ' ' || o.slug as value from auth.organizations o where o.id = any ($1)
  union all select 'account ' || account_id, state from account_balances where account_id = any ($2)
  union all select 'member ' || organization_id || ' ' || person_id, role from auth.members where organization_id = any ($1)
  union all select 'key ' || id, concat_ws(' ', member_id, name, prefix, revoked_at is not null)
    from api_keys where account_id = any ($2)
  union all select 'token ' || id, concat_ws(' ', name, revoked_at is not null) from service_tokens where organization_id = any ($1)
  union all select 'person ' || id, (erased_at is not null)::text from auth.people where id = any ($3)
  union all select 'invitation ' || id, status || ' ' || encode(secret_hash, 'hex') from auth.invitations
    where organization_id = any ($1)
  union all select 'rule ' || account_id, concat_ws(' ', sponsor_id, payment_method_id, threshold, amount, monthly_cap, state)
    from auto_top_up_rules where account_id = any ($2)`;

export type Facts = ReadonlyMap<string, string>;

/** What stands in the database about everything in this world that is audited. */
export async function factsOf({ pool, organizations, people }: World): Promise<Facts> {
  const ids = [
    organizations.map(({ id }) => id),
    [...organizations, ...people].map(({ accountId }) => accountId),
    people.map(({ personId }) => personId),
  ];
  const { rows } = await pool.query<{ what: string; value: string }>(FACTS, ids);
  return new Map(rows.map(({ what, value }) => [what, value]));
}

/** The changes between two moments that leave a line in the audit, one each. */
export function changesBetween(before: Facts, after: Facts): string[] {
  const all = new Set([...before.keys(), ...after.keys()]);
  return [...all].filter((what) => {
    const [was, is] = [before.get(what), after.get(what)];
    if (was === is) return false;
    // an account comes with its owner; who accepts becomes a member; that an invitation ran out is nobody's act
    if (what.startsWith('account ') && was === undefined) return false;
    return !(what.startsWith('invitation ') && /^(accepted|expired)/.test(is ?? ''));
  });
}
