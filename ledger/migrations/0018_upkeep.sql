-- Upkeep: erasure locks in the order of everybody, what triggers revoke is not revoked twice, and what is kept for a while
-- is found when its time is over.

/* Locks balance rows, rules, organizations, memberships, credentials, the person, invitations, cards: see migration 0012
   for what it does. */
create or replace function erase_person(p_person uuid, p_now timestamptz) returns text language plpgsql volatile as $$
declare
  p auth.people%rowtype;
  v_organizations uuid[] := array(select organization_id from auth.members where person_id = p_person order by 1);
  v_account uuid := (select id from accounts where owner_type = 'person' and owner_id = p_person);
  v_nameless text := 'erased-' || p_person || '@invalid';
  v_customers text[];
  v_left text;
begin
  perform 1 from account_balances b where b.account_id = v_account
      or b.account_id in (select id from accounts where owner_type = 'organization' and owner_id = any (v_organizations))
    order by b.account_id for update;
  perform 1 from auto_top_up_rules where sponsor_id = p_person order by account_id for update;
  perform 1 from auth.organizations where id = any (v_organizations) order by id for update;
  perform 1 from auth.members where person_id = p_person order by id for update;
  -- another password tells the person of it
  perform 1 from auth.credentials where person_id = p_person order by id for update;
  select * into p from auth.people where id = p_person for update;
  if not found then
    return 'unknown';
  elsif p.erased_at is not null then
    return 'again';
  elsif v_organizations <> array(select organization_id from auth.members where person_id = p_person order by 1) then
    return 'changed';
  end if;
  select string_agg(o.name, ', ' order by o.name) into v_left from auth.organizations o
    where o.id = any (v_organizations)
      and not exists (select from auth.members m where m.organization_id = o.id and m.role = 'owner' and m.person_id <> p_person);
  if v_left is not null then
    perform refuse('last-owner', format('Only this person owns %s: make somebody else an owner, or close it, first.', v_left));
  end if;

  -- some are to or of others who are erased at the same moment
  perform 1 from auth.invitations where email = p.email or (status = 'pending' and inviter_id = p_person) order by id for update;
  -- with a membership go its rule and its keys
  delete from auth.members where person_id = p_person;
  -- once: a row that is changed twice in one transaction has its organization and its inviter locked by its foreign keys
  update auth.invitations set email = case email when p.email then v_nameless else email end,
      status = case status when 'pending' then 'revoked' else status end,
      ended_at = case status when 'pending' then p_now else ended_at end
    where email = p.email or (status = 'pending' and inviter_id = p_person);

  perform free_auto_top_up(v_account, 'account-closed', p_now);
  delete from auto_top_up_rules where account_id = v_account;
  -- and with the account its keys
  update account_balances set state = 'closed', rung_at = coalesce(rung_at, p_now)
    where account_id = v_account and state <> 'closed';

  update auth.people set name = 'former member', email = v_nameless, email_verified = false, image = null,
      two_factor_enabled = false, erased_at = p_now, updated_at = p_now
    where id = p_person;
  delete from names where subject_id = p_person and name <> 'former member';
  delete from auth.sessions where person_id = p_person;
  delete from auth.credentials where person_id = p_person;
  delete from auth.two_factors where person_id = p_person;
  -- those that expired are not kept, so that there are few
  delete from auth.verifications where value = p_person::text or position(p_person::text in identifier) > 0
    or position(p.email in identifier) > 0 or position(p.email in value) > 0;

  update payment_methods set detached_at = coalesce(detached_at, p_now), exp_month = 0, exp_year = 0 where person_id = p_person;
  update card_setups set consent_address = null, session_url = null, next_check_at = null,
      state = case state when 'open' then 'not-completed' else state end
    where person_id = p_person;
  update customers set email = v_nameless, delete_at = p_now where person_id = p_person;
  v_customers := array(select stripe_id from customers where person_id = p_person and stripe_id is not null);
  -- a card that was detached names its Customer no more
  update webhook_events set payload = '{}'
    where payload #>> '{data,object,customer}' = any (v_customers) or object_id = any (v_customers)
      or object_id in (select id from payment_methods where person_id = p_person);
  update ledger_commands set details = details - 'payerName' where details ->> 'payerId' = p_person::text and details ? 'payerId';
  update notices set details = '{}', next_try_at = null, failure = case when sent_at is null then 'erased' end
    where person_id = p_person;
  delete from idempotency_keys where caller = 'person:' || p_person;

  perform audit(v_account, 'person.erased', 'person', p_person::text, null, null);
  return 'erased';
end $$;

/* See migration 0009; who revokes its keys and tokens is whoever acts. */
drop function close_organization(uuid, uuid, timestamptz);
create function close_organization(p_organization uuid, p_now timestamptz) returns uuid
language plpgsql volatile as $$
declare
  v_account uuid := lock_organization(p_organization);
begin
  -- whoever is making a key holds its member: the statements below find that key
  perform 1 from auth.members where organization_id = p_organization order by id for update;
  perform tell_person(format('organization-closed:%s:%s', p_organization, m.person_id), 'organization-closed', m.person_id,
      v_account, '{}', p_now)
    from auth.members m where m.organization_id = p_organization;
  perform free_auto_top_up(v_account, 'account-closed', p_now);
  delete from auto_top_up_rules where account_id = v_account;
  -- its keys and tokens are revoked with it
  update account_balances set state = 'closed', rung_at = coalesce(rung_at, p_now) where account_id = v_account;
  update auth.organizations set closed_at = p_now where id = p_organization;
  update auth.invitations set status = 'revoked', ended_at = p_now where organization_id = p_organization and status = 'pending';
  delete from auth.members where organization_id = p_organization;
  return v_account;
end $$;

-- what `ledger/upkeep.ts` deletes; sent notices are most of their table, so that the index is of all that are over
create index idempotency_keys_by_claim on idempotency_keys (claimed_at);
create index sessions_by_expiry on auth.sessions (expires_at);
create index verifications_by_expiry on auth.verifications (expires_at);
create index notices_over on notices (created_at) where next_try_at is null;

-- operators find a program's token by its beginning
create index service_tokens_by_prefix on service_tokens (prefix text_pattern_ops) where organization_id is not null;

-- how often an account may be charged by itself is for operators to say, and on record
alter table deployment add constraint deployment_attempts_within check (attempts_within > interval '0');

create function audit_charge_limit() returns trigger language plpgsql as $$
begin
  perform audit(null, 'charge-limit.changed', 'deployment', 'charge-limit',
    jsonb_build_object('times', old.attempts_most, 'withinSeconds', extract(epoch from old.attempts_within)::int8),
    jsonb_build_object('times', new.attempts_most, 'withinSeconds', extract(epoch from new.attempts_within)::int8));
  return null;
end $$;
create trigger charge_limit_audited after update of attempts_most, attempts_within on deployment for each row
  when ((old.attempts_most, old.attempts_within) is distinct from (new.attempts_most, new.attempts_within))
  execute function audit_charge_limit();
