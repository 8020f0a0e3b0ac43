-- Operators: accounts that are frozen, what people are found by, the audit as it is read, and people who are erased.

/* Writes one line in the name of whoever acts; `coffer.reason` is why the whole transaction happens. */
create or replace function audit(
  p_account uuid, p_action text, p_subject_kind text, p_subject_id text, p_before jsonb, p_after jsonb,
  p_reason text default null
) returns void language sql volatile as $$
  insert into audit_lines (id, at, account_id, actor_kind, actor_id, action, subject_kind, subject_id, before, after,
      reason, address, request_id)
    values (uuid_v7(acting_now()), acting_now(), p_account,
      coalesce(nullif(current_setting('coffer.actor_kind', true), ''), 'system'),
      nullif(current_setting('coffer.actor_id', true), '')::uuid, p_action, p_subject_kind, p_subject_id, p_before, p_after,
      coalesce(p_reason, nullif(current_setting('coffer.reason', true), '')),
      nullif(current_setting('coffer.address', true), ''), nullif(current_setting('coffer.request_id', true), ''))
$$;
create index audit_lines_of_actor on audit_lines (actor_id, position) where actor_id is not null;
create index audit_lines_of_subject on audit_lines (subject_id, position);

/* A rule that changes: only what changed, and of the card only that it did. */
create or replace function audit_rule() returns trigger language plpgsql as $$
declare
  v_before jsonb;
  v_after jsonb;
begin
  if tg_op = 'INSERT' then
    perform audit(new.account_id, 'auto-top-up.enabled', 'auto-top-up', new.account_id::text, null, audited_rule(new));
    return null;
  elsif tg_op = 'DELETE' then
    perform audit(old.account_id, 'auto-top-up.removed', 'auto-top-up', old.account_id::text, audited_rule(old), null);
    return null;
  end if;
  v_before := audited_rule(old);
  v_after := audited_rule(new);
  perform audit(new.account_id,
    case when new.state = old.state then 'auto-top-up.changed'
      when new.state = 'suspended' then 'auto-top-up.suspended' else 'auto-top-up.resumed' end,
    'auto-top-up', new.account_id::text, differing(v_before, v_after),
    coalesce(differing(v_after, v_before), '{}')
      || case when new.payment_method_id <> old.payment_method_id then '{"card": "replaced"}'::jsonb else '{}' end);
  return null;
end $$;

/* A payment that an operator leaves out of the ledger; one that is credited has the line of its credit. */
create function audit_payment_kept_out() returns trigger language plpgsql as $$
begin
  perform audit((select account_id from top_ups where id = new.top_up_id), 'payment.kept-out', 'top-up',
    coalesce(new.top_up_id::text, new.payment_intent_id), null,
    jsonb_build_object('amount', (new.amount_cents * 10000000)::text), new.resolution_reason);
  return null;
end $$;
create trigger payments_kept_out_audited after update of resolution on quarantined_payments
  for each row when (old.resolution is null and new.resolution = 'kept-out')
  execute function audit_payment_kept_out();

/* Freezes an account: what is used is recorded, and no new charge begins, because whoever begins one asks under the same
   lock. A top-up that waits to be sent ends. Says whether that is new. Refuses what is closed. */
create function freeze_account(p_account uuid, p_now timestamptz) returns boolean language plpgsql volatile as $$
declare
  v_state text;
begin
  select state into v_state from account_balances where account_id = p_account for update;
  if not found then
    perform refuse('account-not-found', 'There is no such account.');
  elsif v_state = 'closed' then
    perform refuse('account-closed', 'The account is closed for good.');
  elsif v_state = 'frozen' then
    return false;
  end if;
  update account_balances set state = 'frozen', rung_at = coalesce(rung_at, p_now) where account_id = p_account;
  perform free_auto_top_up(p_account, 'account-frozen', p_now);
  return true;
end $$;

/* Opens a frozen account again; its rule is evaluated anew. Says whether that is new. */
create function unfreeze_account(p_account uuid, p_now timestamptz) returns boolean language plpgsql volatile as $$
declare
  v_state text;
begin
  select state into v_state from account_balances where account_id = p_account for update;
  if not found then
    perform refuse('account-not-found', 'There is no such account.');
  elsif v_state = 'closed' then
    perform refuse('account-closed', 'The account is closed for good.');
  elsif v_state = 'open' then
    return false;
  end if;
  update auto_top_up_rules set next_evaluation_at = p_now where account_id = p_account;
  update account_balances set state = 'open', rung_at = coalesce(rung_at, p_now) where account_id = p_account;
  return true;
end $$;

-- What operators look for. No flush changes `state` or `low_water`, so that these indexes cost it nothing; a balance
-- below zero is below its low water since the last posting, or its actor was rung.
create index account_balances_not_open on account_balances (state, account_id) where state <> 'open';
create index account_balances_below_zero on account_balances (account_id) where low_water < 0;
create index organizations_by_slug on auth.organizations (slug text_pattern_ops);
create index organizations_by_word on auth.organizations using gin (to_tsvector('simple', name)) with (fastupdate = off);
create index people_by_email on auth.people (email text_pattern_ops);
create index people_by_word on auth.people using gin (to_tsvector('simple', name)) with (fastupdate = off);
create index api_key_secrets_by_prefix on api_key_secrets (prefix text_pattern_ops);
create index card_setups_of_person on card_setups (person_id);
create index notices_of_person on notices (person_id) where person_id is not null;

-- Erasure: of a person the id stays, and everything that was recorded under it.
alter table auth.people add column erased_at timestamptz;
-- when a Customer of somebody who was erased is to be deleted at Stripe
alter table customers add column delete_at timestamptz;
create index customers_to_delete on customers (delete_at) where delete_at is not null and deleted_at is null;
create index ledger_commands_of_payer on ledger_commands ((details ->> 'payerId')) where details ? 'payerId';
create index webhook_events_of_customer on webhook_events ((payload #>> '{data,object,customer}'))
  where payload #>> '{data,object,customer}' is not null;
create index webhook_events_of_object on webhook_events (object_id) where object_id is not null;

/* Where a receipt goes is known until the top-up is over, and not after. */
create function forget_receipt_email() returns trigger language plpgsql as $$
begin
  new.receipt_email := null;
  return new;
end $$;
create trigger top_ups_forget_receipt_emails before update on top_ups for each row
  when (new.state in ('paid', 'not-completed') and new.receipt_email is not null)
  execute function forget_receipt_email();
update top_ups set receipt_email = null where state in ('paid', 'not-completed') and receipt_email is not null;

/* Nobody signs in as, joins as, or keeps a card of a person who was erased. Whoever is erasing them is waited for. */
create function refuse_the_erased() returns trigger language plpgsql as $$
begin
  perform 1 from auth.people where id = new.person_id for key share;
  if exists (select from auth.people where id = new.person_id and erased_at is not null) then
    perform refuse('person-erased', 'This person was erased.');
  end if;
  return new;
end $$;
create trigger members_are_not_erased before insert on auth.members for each row execute function refuse_the_erased();
create trigger sessions_are_not_of_the_erased before insert on auth.sessions for each row execute function refuse_the_erased();
create trigger credentials_are_not_of_the_erased before insert on auth.credentials
  for each row execute function refuse_the_erased();

/* A card that is saved while its owner is being erased is gone at once, and says nothing. */
create function forget_card_of_erased() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    perform 1 from auth.people where id = new.person_id for key share;
  end if;
  if exists (select from auth.people where id = new.person_id and erased_at is not null) then
    new.detached_at := coalesce(new.detached_at, new.created_at);
    new.brand := '';
    new.last4 := '';
    new.consent_address := null;
  end if;
  return new;
end $$;
create trigger payment_methods_of_the_erased before insert or update on payment_methods
  for each row execute function forget_card_of_erased();

/* What Stripe goes on to tell of somebody who was erased is followed by its ids alone. */
create function forget_payload_of_erased() returns trigger language plpgsql as $$
begin
  if exists (
    select from customers c join auth.people p on p.id = c.person_id
      where c.stripe_id in (new.payload #>> '{data,object,customer}', new.object_id) and p.erased_at is not null
    union all
    select from payment_methods m join auth.people p on p.id = m.person_id
      where m.id = new.object_id and p.erased_at is not null
  ) then
    new.payload := '{}';
  end if;
  return new;
end $$;
create trigger webhook_events_of_the_erased before insert on webhook_events
  for each row execute function forget_payload_of_erased();

/* Forgets what Coffer knows of a person beside the id: name and e-mail everywhere, sign-in, memberships with their keys,
   cards and consent addresses. Their personal account is closed; what it leaves on its balance, ledger, usage and audit
   stay. Returns `erased`, `again` (they had been), `unknown`, or `changed` (memberships changed meanwhile: ask again).
   Refuses with `last-owner` where an organization would be left without an owner. */
create function erase_person(p_person uuid, p_now timestamptz) returns text language plpgsql volatile as $$
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

  -- with a membership go its rule and its keys
  delete from auth.members where person_id = p_person;
  update auth.invitations set status = 'revoked', ended_at = p_now where status = 'pending' and (email = p.email or inviter_id = p_person);
  update auth.invitations set email = v_nameless where email = p.email;

  perform free_auto_top_up(v_account, 'account-closed', p_now);
  delete from auto_top_up_rules where account_id = v_account;
  update account_balances set state = 'closed', rung_at = coalesce(rung_at, p_now)
    where account_id = v_account and state <> 'closed';
  update api_keys set revoked_at = p_now where member_id = p_person and revoked_at is null;

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
