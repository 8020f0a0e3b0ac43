-- Audit: every change of rights, members, keys, rules and money, written by triggers in the transaction that makes it;
-- what people and things were called when; and the tokens of an organization's own programs.

/* Who acts and what time it is, as the transaction was told (ledger/acting.ts); without that, the system, now. */
create function acting_now() returns timestamptz language sql stable as $$
  select coalesce(nullif(current_setting('coffer.now', true), '')::timestamptz, statement_timestamp())
$$;

create table audit_lines (
  -- the order of reading; `id` is what the world sees
  position int8 generated always as identity primary key,
  id uuid not null constraint audit_line_id_unique unique,
  at timestamptz not null,
  -- whose owners and admins read it; null: only operators do
  account_id uuid references accounts (id),
  actor_kind text not null constraint audit_actor_kind check (actor_kind in ('person', 'operator', 'organization', 'system')),
  -- the person or the token; null: the system
  actor_id uuid,
  action text not null,
  subject_kind text not null,
  subject_id text not null,
  -- the fields that changed; amounts are integer strings of nano-dollars; people only by their ids, so that an erased
  -- person leaves no name behind; never a payment method
  before jsonb,
  after jsonb,
  reason text,
  address text,
  request_id text
);
create index audit_lines_of_account on audit_lines (account_id, position);

create trigger audit_lines_immutable before update or delete on audit_lines for each row execute function refuse_change();
create trigger audit_lines_not_truncated before truncate on audit_lines for each statement execute function refuse_change();

/* Writes one line in the name of whoever acts. */
create function audit(
  p_account uuid, p_action text, p_subject_kind text, p_subject_id text, p_before jsonb, p_after jsonb,
  p_reason text default null
) returns void language sql volatile as $$
  insert into audit_lines (id, at, account_id, actor_kind, actor_id, action, subject_kind, subject_id, before, after,
      reason, address, request_id)
    values (uuid_v7(acting_now()), acting_now(), p_account,
      coalesce(nullif(current_setting('coffer.actor_kind', true), ''), 'system'),
      nullif(current_setting('coffer.actor_id', true), '')::uuid, p_action, p_subject_kind, p_subject_id, p_before, p_after,
      p_reason, nullif(current_setting('coffer.address', true), ''), nullif(current_setting('coffer.request_id', true), ''))
$$;

create function account_of_organization(p_organization uuid) returns uuid language sql stable as $$
  select id from accounts where owner_type = 'organization' and owner_id = p_organization
$$;

/* Members come, change their role and go. */
create function audit_member() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    perform audit(account_of_organization(new.organization_id), 'member.joined', 'member', new.person_id::text,
      null, jsonb_build_object('role', new.role));
  elsif tg_op = 'UPDATE' then
    perform audit(account_of_organization(new.organization_id), 'member.role-changed', 'member', new.person_id::text,
      jsonb_build_object('role', old.role), jsonb_build_object('role', new.role));
  else
    perform audit(account_of_organization(old.organization_id),
      case when nullif(current_setting('coffer.actor_id', true), '')::uuid = old.person_id then 'member.left' else 'member.removed' end,
      'member', old.person_id::text, jsonb_build_object('role', old.role), null);
  end if;
  return null;
end $$;
create trigger members_audited after insert or delete on auth.members for each row execute function audit_member();
create trigger member_roles_audited after update of role on auth.members
  for each row when (old.role is distinct from new.role) execute function audit_member();

create function audit_organization() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    perform audit(account_of_organization(new.id), 'organization.created', 'organization', new.id::text,
      null, jsonb_build_object('name', new.name, 'slug', new.slug));
  else
    perform audit(account_of_organization(new.id), 'organization.renamed', 'organization', new.id::text,
      jsonb_build_object('name', old.name, 'slug', old.slug), jsonb_build_object('name', new.name, 'slug', new.slug));
  end if;
  return null;
end $$;
-- after `organizations_have_an_account`: triggers fire in the order of their names
create trigger organizations_on_record after insert on auth.organizations
  for each row execute function audit_organization();
create trigger organizations_renamed after update of name, slug on auth.organizations
  for each row when (old.name <> new.name or old.slug <> new.slug) execute function audit_organization();

/* What of a rule people agree on; its card is the sponsor's own affair. */
create function audited_rule(r auto_top_up_rules) returns jsonb language sql stable as $$
  select jsonb_strip_nulls(jsonb_build_object('sponsorId', r.sponsor_id, 'threshold', r.threshold::text,
    'amount', r.amount::text, 'targetBalance', r.target_balance::text, 'monthlyCap', r.monthly_cap::text,
    'state', r.state, 'suspension', case when r.suspension in ('sponsor-left', 'switched-off') then r.suspension end))
$$;
create function audit_rule() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    perform audit(new.account_id, 'auto-top-up.enabled', 'auto-top-up', new.account_id::text, null, audited_rule(new));
  elsif tg_op = 'DELETE' then
    perform audit(old.account_id, 'auto-top-up.removed', 'auto-top-up', old.account_id::text, audited_rule(old), null);
  else
    perform audit(new.account_id,
      case when new.state = old.state then 'auto-top-up.changed'
        when new.state = 'suspended' then 'auto-top-up.suspended' else 'auto-top-up.resumed' end,
      'auto-top-up', new.account_id::text, audited_rule(old), audited_rule(new));
  end if;
  return null;
end $$;
create trigger auto_top_up_rules_audited after insert or delete on auto_top_up_rules
  for each row execute function audit_rule();
create trigger auto_top_up_rule_changes_audited after update on auto_top_up_rules for each row
  when (old.sponsor_id <> new.sponsor_id or old.payment_method_id <> new.payment_method_id
    or old.threshold <> new.threshold or old.amount is distinct from new.amount
    or old.target_balance is distinct from new.target_balance or old.monthly_cap <> new.monthly_cap
    or old.state <> new.state)
  execute function audit_rule();

/* An account is frozen, opened again, closed. Named in the update, `state` is no burden on the flush. */
create function audit_account_state() returns trigger language plpgsql as $$
begin
  perform audit(new.account_id, 'account.' || case new.state when 'open' then 'unfrozen' else new.state end, 'account',
    new.account_id::text, jsonb_build_object('state', old.state),
    jsonb_build_object('state', new.state, 'balance', (new.posted + new.pending)::text),
    nullif(current_setting('coffer.reason', true), ''));
  return null;
end $$;
create trigger account_states_audited after update of state on account_balances
  for each row when (old.state is distinct from new.state) execute function audit_account_state();

/* Credit that comes or goes other than by usage. */
create function audit_command() returns trigger language plpgsql as $$
begin
  perform audit(new.account_id, 'credit.' || new.type, 'ledger-command', new.id::text, null,
    jsonb_strip_nulls(jsonb_build_object('amount', new.amount::text, 'mode', new.details ->> 'mode',
      'payerId', new.details ->> 'payerId')),
    new.details ->> 'reason');
  return null;
end $$;
create trigger ledger_commands_audited after insert on ledger_commands for each row execute function audit_command();

-- What something was called, and since when: a line of history keeps saying the name it had then.
create table names (
  subject_id uuid not null,
  since timestamptz not null,
  name text not null,
  primary key (subject_id, since)
);

create function keep_name() returns trigger language plpgsql as $$
begin
  insert into names (subject_id, since, name)
    values (new.id, case tg_op when 'INSERT' then new.created_at else acting_now() end, new.name)
    on conflict (subject_id, since) do update set name = excluded.name;
  return null;
end $$;
create trigger people_named after insert or update of name on auth.people for each row execute function keep_name();
create trigger organizations_named after insert or update of name on auth.organizations
  for each row execute function keep_name();
create trigger api_keys_named after insert or update of name on api_keys for each row execute function keep_name();
insert into names (subject_id, since, name)
  select id, created_at, name from auth.people
  union all select id, created_at, name from auth.organizations
  union all select id, created_at, name from api_keys;

/* What something was called at a moment; before its first name, that one. */
create function name_at(p_subject uuid, p_at timestamptz) returns text language sql stable as $$
  select coalesce(
    (select name from names where subject_id = p_subject and since <= p_at order by since desc limit 1),
    (select name from names where subject_id = p_subject order by since limit 1))
$$;

-- Tokens of an organization's own programs stand beside those of gateways and operators.
alter table service_tokens
  drop constraint service_token_kind,
  add constraint service_token_kind check (kind in ('gateway', 'operator', 'organization')),
  add column organization_id uuid references auth.organizations (id),
  add column created_by uuid references auth.people (id),
  add column revoked_by uuid,
  add column prefix text not null default '',
  add column last_used_at timestamptz,
  add constraint service_token_owner check ((kind = 'organization') = (organization_id is not null));
create index service_tokens_of_organization on service_tokens (organization_id, id) where organization_id is not null;
