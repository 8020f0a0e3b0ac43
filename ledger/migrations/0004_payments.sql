-- Payments: who pays with which card, top-ups and their attempts, the rules that refill an account by themselves,
-- what Stripe told us, and the mail that people get about it. Stripe decides what was paid; these rows follow it.

-- A Stripe Customer per person. The row comes first (frozen parameters), its Stripe id after the call; a deleted
-- Customer is followed by the next generation.
create table customers (
  person_id uuid not null references auth.people (id),
  generation int4 not null default 1,
  email text not null,
  stripe_id text constraint customer_stripe_id_unique unique,
  created_at timestamptz not null,
  deleted_at timestamptz,
  primary key (person_id, generation)
);

-- Cards that their owner agreed to have charged while away. `id` is Stripe's.
create table payment_methods (
  id text primary key,
  person_id uuid not null references auth.people (id),
  customer_id text not null,
  fingerprint text not null,
  brand text not null,
  last4 text not null,
  exp_month int4 not null,
  exp_year int4 not null,
  consented_at timestamptz not null,
  consent_terms text not null,
  consent_address text,
  created_at timestamptz not null,
  detached_at timestamptz
);
create index payment_methods_of_person on payment_methods (person_id, created_at);

-- A card that no rule may use until it is another one (hard declines), or until a time (the card's own rate limit).
create table card_suspensions (
  fingerprint text primary key,
  reason text not null,
  suspended_at timestamptz not null,
  suspended_until timestamptz
);

create table card_setups (
  id uuid primary key,
  person_id uuid not null references auth.people (id),
  customer_id text not null,
  consent_address text,
  session_id text constraint card_setup_session_unique unique,
  session_url text,
  state text not null default 'open' constraint card_setup_state check (state in ('open', 'saved', 'not-completed')),
  payment_method_id text references payment_methods (id),
  created_at timestamptz not null,
  expires_at timestamptz not null,
  next_check_at timestamptz
);
create index card_setups_due on card_setups (next_check_at) where next_check_at is not null;

create table auto_top_up_rules (
  account_id uuid primary key references account_balances (account_id),
  -- counts whatever makes the rule's next decision a new one: changes, resumptions, top-ups that were not completed
  revision int4 not null default 1,
  sponsor_id uuid not null references auth.people (id),
  payment_method_id text not null references payment_methods (id),
  threshold int8 not null constraint rule_threshold check (threshold >= 0),
  amount int8 constraint rule_amount check (amount between 5000000000 and 2000000000000),
  target_balance int8,
  monthly_cap int8 not null,
  state text not null default 'enabled' constraint rule_state check (state in ('enabled', 'suspended')),
  suspension text,
  suspended_until timestamptz,
  declines_in_a_row int4 not null default 0,
  -- the last decision and why, as people read it; its history is in auto_top_up_evaluations
  decision text,
  reason text,
  next_evaluation_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint rule_one_size check ((amount is null) <> (target_balance is null)),
  constraint rule_target check (target_balance >= threshold + 5000000000),
  constraint rule_cap check (monthly_cap >= coalesce(amount, 5000000000)),
  constraint rule_suspension check ((state = 'suspended') = (suspension is not null))
);
create index auto_top_up_rules_due on auto_top_up_rules (next_evaluation_at) where next_evaluation_at is not null;
create index auto_top_up_rules_of_sponsor on auto_top_up_rules (sponsor_id);
create index auto_top_up_rules_of_card on auto_top_up_rules (payment_method_id);

-- What was decided and why; a decision that repeats the one before it is not written again.
create table auto_top_up_evaluations (
  id int8 generated always as identity primary key,
  account_id uuid not null references accounts (id),
  revision int4 not null,
  trigger_seq int8 not null,
  balance int8 not null,
  threshold int8 not null,
  decision text not null,
  reason text not null,
  amount int8,
  top_up_id uuid,
  decided_at timestamptz not null
);
create index auto_top_up_evaluations_of_account on auto_top_up_evaluations (account_id, id);

create table top_ups (
  id uuid primary key,
  account_id uuid not null references account_balances (account_id),
  mode text not null constraint top_up_mode check (mode in ('manual', 'auto')),
  payer_id uuid not null references auth.people (id),
  amount int8 not null constraint top_up_amount check (amount between 5000000000 and 2000000000000 and amount % 10000000 = 0),
  currency text not null,
  -- `unknown`: sent, and neither the reply nor Stripe's list says yet what became of it
  state text not null default 'open'
    constraint top_up_state check (state in ('open', 'processing', 'unknown', 'paid', 'not-completed')),
  reason text,
  customer_id text,
  -- manual
  save_card boolean not null default false,
  checkout_session_id text constraint top_up_session_unique unique,
  checkout_url text,
  expires_at timestamptz,
  -- auto: the episode, and the parameters frozen by the decision
  trigger_seq int8,
  rule_revision int4,
  payment_method_id text,
  receipt_email text,
  attempt int4 not null default 0,
  next_attempt_at timestamptz,
  -- the PaymentIntent that paid it
  payment_intent_id text constraint top_up_payment_intent_unique unique,
  created_at timestamptz not null,
  paid_at timestamptz,
  -- when somebody must look at it again, whatever its workflow does; null once it is over
  next_check_at timestamptz,
  constraint top_up_paid check ((state = 'paid') = (paid_at is not null) and (state <> 'paid' or payment_intent_id is not null)),
  constraint top_up_over check ((state in ('paid', 'not-completed')) = (next_check_at is null)),
  constraint top_up_mode_fields check (
    case mode when 'manual' then expires_at is not null else trigger_seq is not null and payment_method_id is not null end
  )
);
-- At most one per account that can still take money by itself, and at most one per episode.
create unique index top_up_in_flight on top_ups (account_id)
  where mode = 'auto' and state in ('open', 'processing', 'unknown');
create unique index top_up_episode on top_ups (account_id, trigger_seq, rule_revision) where mode = 'auto';
create index top_ups_of_account on top_ups (account_id, id);
create index top_ups_auto_by_month on top_ups (account_id, created_at) where mode = 'auto';
create index top_ups_due on top_ups (next_check_at) where next_check_at is not null;

/* What was paid stays paid. */
create function keep_paid() returns trigger language plpgsql as $$
begin
  perform refuse('record-immutable', format('top-up %s was paid', old.id));
  return null;
end $$;
create trigger top_ups_stay_paid before update on top_ups for each row
  when (old.state = 'paid' and (new.state <> 'paid' or new.amount <> old.amount
    or new.payment_intent_id is distinct from old.payment_intent_id))
  execute function keep_paid();

-- One row per PaymentIntent that an auto top-up may make. Written before it is sent; from then on it is resent with
-- the same key or looked up, never skipped.
create table top_up_attempts (
  top_up_id uuid not null references top_ups (id),
  attempt int4 not null,
  first_sent_at timestamptz not null,
  last_sent_at timestamptz not null,
  payment_intent_id text constraint attempt_payment_intent_unique unique,
  -- how often Stripe replayed a stored failure of its own; after three the outcome is looked up instead
  failures_replayed int4 not null default 0,
  outcome text,
  -- Stripe's words for a decline; read by operators, never by members
  decline_code text,
  ended_at timestamptz,
  primary key (top_up_id, attempt)
);

create table webhook_events (
  id text primary key,
  type text not null,
  object_id text,
  payload jsonb not null,
  received_at timestamptz not null,
  state text not null default 'waiting' constraint webhook_event_state check (state in ('waiting', 'processed', 'ignored')),
  reason text,
  tries int4 not null default 0,
  next_try_at timestamptz,
  processed_at timestamptz
);
create index webhook_events_waiting on webhook_events (next_try_at) where state = 'waiting';

-- Money that Stripe took and that does not match what we asked for: never credited, an operator decides.
create table quarantined_payments (
  payment_intent_id text primary key,
  top_up_id uuid references top_ups (id),
  reason text not null,
  amount_cents int8,
  currency text,
  details jsonb not null default '{}',
  found_at timestamptz not null,
  resolved_at timestamptz,
  resolution text
);

-- The outbox of mail. `key` names the fact, so that nobody is told twice.
create table notices (
  id uuid primary key,
  key text not null constraint notice_key_unique unique,
  kind text not null,
  person_id uuid not null references auth.people (id),
  account_id uuid references accounts (id),
  details jsonb not null default '{}',
  created_at timestamptz not null,
  tries int4 not null default 0,
  next_try_at timestamptz,
  sent_at timestamptz,
  failure text
);
create index notices_waiting on notices (next_try_at) where next_try_at is not null;

/* Tells a person something once: the same key again is nothing new. */
create function tell_person(p_key text, p_kind text, p_person uuid, p_account uuid, p_details jsonb, p_now timestamptz)
returns void language sql volatile as $$
  insert into notices (id, key, kind, person_id, account_id, details, created_at, next_try_at)
    values (uuid_v7(p_now), p_key, p_kind, p_person, p_account, p_details, p_now, p_now)
    on conflict (key) do nothing;
$$;

/* Tells those who may act for an account: the owners and admins of its organization, or the person it belongs to. */
create function tell_stewards(p_key text, p_kind text, p_account uuid, p_details jsonb, p_now timestamptz)
returns void language sql volatile as $$
  select tell_person(p_key || ':' || s.person_id, p_kind, s.person_id, p_account, p_details, p_now) from (
    select m.person_id from accounts a join auth.members m on m.organization_id = a.owner_id
      where a.id = p_account and a.owner_type = 'organization' and m.role in ('owner', 'admin')
    union
    select a.owner_id from accounts a where a.id = p_account and a.owner_type = 'person'
  ) s;
$$;

/* Whether a person may sponsor an account: an owner or admin of its organization, or the person it belongs to. */
create function may_sponsor(p_account uuid, p_person uuid) returns boolean language sql stable as $$
  select exists (
    select 1 from accounts a where a.id = p_account and a.owner_type = 'person' and a.owner_id = p_person
    union all
    select 1 from accounts a join auth.members m on m.organization_id = a.owner_id
      where a.id = p_account and a.owner_type = 'organization' and m.person_id = p_person and m.role in ('owner', 'admin')
  );
$$;

/* What auto top-up took from an account in the UTC month of `p_now`: paid, in flight and unknown, by the row's month. */
create function auto_top_up_month(p_account uuid, p_now timestamptz) returns int8 language sql stable as $$
  select coalesce(sum(t.amount), 0)::int8 from top_ups t
    where t.account_id = p_account and t.mode = 'auto' and t.state <> 'not-completed'
      and t.created_at >= date_trunc('month', p_now at time zone 'UTC') at time zone 'UTC'
      and t.created_at < (date_trunc('month', p_now at time zone 'UTC') + interval '1 month') at time zone 'UTC';
$$;

/* What one evaluation decides; amount is null when nothing is to be charged. Changes nothing. */
create function auto_top_up_choice(r auto_top_up_rules, p_state text, p_balance int8, p_now timestamptz)
returns table (decision text, reason text, amount int8, evaluate_at timestamptz) language plpgsql stable as $$
declare
  v_most int8 := 2000000000000;
  v_left int8;
  v_amount int8;
  v_declined_at timestamptz;
begin
  if p_balance >= r.threshold then
    return query select 'none', 'above-threshold', null::int8, null::timestamptz;
    return;
  elsif p_state <> 'open' then
    return query select 'skipped', 'account-' || p_state, null::int8, null::timestamptz;
    return;
  elsif r.state = 'suspended' then
    return query select 'suspended', r.suspension, null::int8, r.suspended_until;
    return;
  elsif exists (select 1 from top_ups t where t.account_id = r.account_id and t.mode = 'auto'
      and t.state in ('open', 'processing', 'unknown')) then
    return query select 'waiting', 'top-up-in-flight', null::int8, null::timestamptz;
    return;
  end if;
  -- a card is not tried again within the hour, whatever is done to the rule meanwhile
  select max(a.ended_at) into v_declined_at
    from top_ups t join top_up_attempts a on a.top_up_id = t.id
    join payment_methods m on m.id = t.payment_method_id
    join payment_methods c on c.id = r.payment_method_id and c.fingerprint = m.fingerprint
    where t.account_id = r.account_id and t.mode = 'auto' and t.created_at > p_now - interval '3 days'
      and a.ended_at > p_now - interval '1 hour' and a.outcome not in ('paid', 'never-sent');
  if v_declined_at is not null then
    return query select 'skipped', 'declined-lately', null::int8, v_declined_at + interval '1 hour';
    return;
  end if;
  v_left := greatest(r.monthly_cap - auto_top_up_month(r.account_id, p_now), 0);
  if r.amount is not null then
    -- the smallest multiple that lifts the balance to the threshold, or the largest that cap and maximum leave
    v_amount := r.amount * least(ceil((r.threshold - p_balance)::numeric / r.amount), div(least(v_left, v_most)::numeric, r.amount::numeric))::int8;
  else
    v_amount := least(ceil((r.target_balance - p_balance)::numeric / 10000000) * 10000000, v_most)::int8;
    if v_amount > v_left then
      v_amount := 0;
    end if;
  end if;
  if v_amount = 0 then
    return query select 'skipped', 'cap-reached', null::int8,
      (date_trunc('month', p_now at time zone 'UTC') + interval '1 month') at time zone 'UTC';
  else
    return query select 'charge', 'below-threshold', v_amount, null::timestamptz;
  end if;
end $$;

/* Decides about auto top-up on an account's whole balance. Runs inside the posting, which holds the balance row:
   stores the decision, inserts the top-up's row when one is due, and sets `low_water`, the next level below which
   something must happen: the threshold, then zero, then nothing. */
create function decide_auto_top_up(p_account uuid, p_now timestamptz) returns void language plpgsql volatile as $$
declare
  b account_balances%rowtype;
  r auto_top_up_rules%rowtype;
  v record;
  v_balance int8;
  v_ruled boolean;
  v_top_up uuid;
  v_low_water int8;
begin
  select * into b from account_balances where account_id = p_account for update;
  v_balance := b.posted + b.pending;
  v_low_water := case when v_balance >= 0 then 0 else -9223372036854775808 end;
  select * into r from auto_top_up_rules where account_id = p_account for update;
  v_ruled := found;
  if v_ruled then
    if r.state = 'suspended' and r.suspended_until <= p_now then
      update auto_top_up_rules set state = 'enabled', suspension = null, suspended_until = null, declines_in_a_row = 0,
        revision = revision + 1 where account_id = p_account returning * into r;
    end if;
    select * into v from auto_top_up_choice(r, b.state, v_balance, p_now);
    if v.decision = 'none' then
      v_low_water := r.threshold;
    elsif v.decision = 'charge' then
      insert into top_ups (id, account_id, mode, payer_id, amount, currency, customer_id, trigger_seq, rule_revision,
          payment_method_id, receipt_email, created_at, next_check_at)
        select uuid_v7(p_now), p_account, 'auto', r.sponsor_id, v.amount, a.currency, m.customer_id, b.open_seq - 1, r.revision,
          m.id, p.email, p_now, p_now + interval '15 seconds'
        from accounts a, payment_methods m, auth.people p
        where a.id = p_account and m.id = r.payment_method_id and p.id = r.sponsor_id
        on conflict do nothing
        returning id into v_top_up;
    end if;
    if v.decision = 'skipped' and v.reason = 'cap-reached' and r.reason is distinct from 'cap-reached' then
      perform tell_stewards(format('cap-reached:%s:%s', p_account, to_char(p_now at time zone 'UTC', 'YYYY-MM')),
        'auto-top-up-cap-reached', p_account, '{}', p_now);
    end if;
    if v.decision = 'charge' or (r.decision, r.reason) is distinct from (v.decision, v.reason) then
      insert into auto_top_up_evaluations (account_id, revision, trigger_seq, balance, threshold, decision, reason, amount, top_up_id, decided_at)
        values (p_account, r.revision, b.open_seq - 1, v_balance, r.threshold, v.decision, v.reason, v.amount, v_top_up, p_now);
    end if;
    if (r.decision, r.reason, r.next_evaluation_at) is distinct from (v.decision, v.reason, v.evaluate_at) then
      update auto_top_up_rules set decision = v.decision, reason = v.reason, next_evaluation_at = v.evaluate_at
        where account_id = p_account;
    end if;
  end if;
  if b.low_water <> v_low_water then
    update account_balances set low_water = v_low_water where account_id = p_account;
  end if;
end $$;

/* What an account's actor shows of auto top-up: the one in flight, the threshold of the rule in force, the last
   decision and why. */
create function auto_top_up_standing(p_account uuid) returns table (
  top_up_in_flight uuid, threshold int8, decision text, reason text
) language sql stable as $$
  select
    (select t.id from top_ups t where t.account_id = p_account and t.mode = 'auto' and t.state in ('open', 'processing', 'unknown')),
    r.threshold, case r.state when 'suspended' then 'suspended' else r.decision end, coalesce(r.suspension, r.reason)
  from (select 1) one left join auto_top_up_rules r on r.account_id = p_account;
$$;

/* Ends a top-up that was not paid. Its episode is over: the account is evaluated anew. The rule is locked first, as
   everywhere: whoever suspends it goes on to its top-up. */
create function close_top_up(p_top_up uuid, p_reason text, p_now timestamptz) returns void language plpgsql volatile as $$
declare
  t top_ups%rowtype;
begin
  perform 1 from auto_top_up_rules where account_id = (select account_id from top_ups where id = p_top_up and mode = 'auto')
    for update;
  update top_ups set state = 'not-completed', reason = p_reason, next_check_at = null, next_attempt_at = null, checkout_url = null
    where id = p_top_up and state in ('open', 'processing', 'unknown') returning * into t;
  if found and t.mode = 'auto' then
    update auto_top_up_rules set revision = revision + 1, next_evaluation_at = p_now where account_id = t.account_id;
  end if;
end $$;

/* Suspends a rule, tells the owners and admins, and ends its top-up unless that may still take money. */
create function suspend_auto_top_up(p_account uuid, p_reason text, p_until timestamptz, p_now timestamptz)
returns void language plpgsql volatile as $$
declare
  r auto_top_up_rules%rowtype;
begin
  update auto_top_up_rules set state = 'suspended', suspension = p_reason, suspended_until = p_until, revision = revision + 1,
      next_evaluation_at = p_now, updated_at = p_now
    where account_id = p_account and state = 'enabled' returning * into r;
  if not found then
    return;
  end if;
  -- the revision alone may have been that of a rule removed since
  perform tell_stewards(format('suspended:%s:%s:%s', p_account, extract(epoch from r.created_at), r.revision), 'auto-top-up-suspended', p_account,
    jsonb_build_object('reason', p_reason, 'sponsorId', r.sponsor_id), p_now);
  perform free_auto_top_up(p_account, 'rule-suspended', p_now);
end $$;

/* Ends an account's auto top-up in flight, if nothing of it was sent that has no outcome yet. Says whether it is free. */
create function free_auto_top_up(p_account uuid, p_reason text, p_now timestamptz) returns boolean language plpgsql volatile as $$
declare
  v_id uuid;
begin
  perform 1 from auto_top_up_rules where account_id = p_account for update;
  select id into v_id from top_ups
    where account_id = p_account and mode = 'auto' and state in ('open', 'processing', 'unknown') for update;
  if v_id is null then
    return true;
  end if;
  if exists (select 1 from top_up_attempts where top_up_id = v_id and ended_at is null) then
    return false;
  end if;
  perform close_top_up(v_id, p_reason, p_now);
  return true;
end $$;

/* A sponsor who leaves or is demoted takes the card along, in that same transaction. Rules are locked after the
   membership here and before it nowhere: whoever starts a charge reads memberships without a lock, behind the rule's. */
create function suspend_rules_of_member() returns trigger language plpgsql as $$
begin
  perform suspend_auto_top_up(r.account_id, 'sponsor-left', null, now())
    from (
      select x.account_id from auto_top_up_rules x join accounts a on a.id = x.account_id
        where x.sponsor_id = old.person_id and a.owner_type = 'organization' and a.owner_id = old.organization_id
          and not may_sponsor(x.account_id, old.person_id)
        order by x.account_id
    ) r;
  return null;
end $$;
create trigger members_suspend_rules after update of role or delete on auth.members
  for each row execute function suspend_rules_of_member();

/* A card that goes takes its rules along. */
create function suspend_rules_of_card() returns trigger language plpgsql as $$
begin
  perform suspend_auto_top_up(r.account_id, 'card-removed', null, new.detached_at)
    from (select account_id from auto_top_up_rules where payment_method_id = new.id order by account_id) r;
  return null;
end $$;
create trigger payment_methods_suspend_rules after update of detached_at on payment_methods
  for each row when (old.detached_at is null and new.detached_at is not null)
  execute function suspend_rules_of_card();

/* Begins an attempt of an auto top-up, or finds the one already begun: locks the account and checks everything again.
   `send`: send it, with the same key and parameters as before; `wait`: not before `attempt_at`; `look-up`: sent so
   long ago that its key may be forgotten; `over`: nothing is to be sent. */
create function begin_attempt(p_top_up uuid, p_now timestamptz) returns table (
  step text, account_id uuid, payer_id uuid, amount int8, currency text, customer_id text, payment_method_id text,
  receipt_email text, attempt int4, attempt_at timestamptz, first_sent_at timestamptz, resent boolean
) language plpgsql volatile as $$
#variable_conflict use_column
declare
  b account_balances%rowtype;
  r auto_top_up_rules%rowtype;
  t top_ups%rowtype;
  a top_up_attempts%rowtype;
  v_reason text;
  v_resent boolean := false;
  v_step text := 'send';
begin
  select * into b from account_balances where account_id = (select account_id from top_ups where id = p_top_up) for update;
  select * into r from auto_top_up_rules where account_id = b.account_id for update;
  select * into t from top_ups where id = p_top_up for update;
  if t.mode is distinct from 'auto' or t.state in ('paid', 'not-completed') then
    return query select 'over', t.account_id, t.payer_id, t.amount, t.currency, t.customer_id, t.payment_method_id,
      t.receipt_email, t.attempt, null::timestamptz, null::timestamptz, false;
    return;
  end if;
  select * into a from top_up_attempts where top_up_id = p_top_up and ended_at is null;
  if found then
    v_resent := true;
    if a.first_sent_at <= p_now - interval '23 hours' then
      v_step := 'look-up';
      update top_ups set state = 'unknown', next_check_at = p_now + interval '15 minutes' where id = p_top_up;
    elsif t.state in ('processing', 'unknown') then
      v_step := 'look-up';
    else
      update top_up_attempts set last_sent_at = p_now where top_up_id = p_top_up and ended_at is null;
      update top_ups set next_check_at = p_now + interval '2 minutes' where id = p_top_up;
    end if;
  elsif t.next_attempt_at > p_now then
    v_step := 'wait';
    update top_ups set next_check_at = t.next_attempt_at + interval '1 minute' where id = p_top_up;
  else
    if r.account_id is not null and r.state = 'enabled' and not may_sponsor(b.account_id, r.sponsor_id) then
      perform suspend_auto_top_up(b.account_id, 'sponsor-left', null, p_now);
      v_reason := 'sponsor-left';
    elsif r.state = 'enabled' and r.payment_method_id = t.payment_method_id
      and exists (select 1 from payment_methods m where m.id = t.payment_method_id and m.detached_at is not null)
    then
      -- it went while the rule was being set: left enabled, the rule would open one top-up after the other
      perform suspend_auto_top_up(b.account_id, 'card-removed', null, p_now);
      v_reason := 'card-removed';
    else
      v_reason := case
        when b.state <> 'open' then 'account-' || b.state
        when r.account_id is null or r.sponsor_id <> t.payer_id or r.payment_method_id <> t.payment_method_id then 'rule-changed'
        when r.state <> 'enabled' then 'rule-suspended'
        when b.posted + b.pending >= r.threshold then 'recovered'
        when auto_top_up_month(b.account_id, t.created_at) > r.monthly_cap then 'cap-reached'
      end;
    end if;
    if v_reason is not null then
      perform close_top_up(p_top_up, v_reason, p_now);
      v_step := 'over';
    else
      insert into top_up_attempts (top_up_id, attempt, first_sent_at, last_sent_at)
        values (p_top_up, t.attempt + 1, p_now, p_now) returning * into a;
      update top_ups set attempt = a.attempt, next_attempt_at = null, next_check_at = p_now + interval '2 minutes' where id = p_top_up;
    end if;
  end if;
  return query select v_step, t.account_id, t.payer_id, t.amount, t.currency, t.customer_id, t.payment_method_id,
    t.receipt_email, coalesce(a.attempt, t.attempt), t.next_attempt_at, a.first_sent_at, v_resent;
end $$;

/* Records that an attempt was declined, and what follows from the class of the decline: a soft one is tried again
   after an hour, then after a day, everything else suspends the rule (hard and card-data ones the card as well).
   Returns when the next attempt is due; null when there is none. A decline already recorded changes nothing. */
create function record_decline(
  p_top_up uuid, p_attempt int4, p_class text, p_code text, p_payment_intent text, p_now timestamptz
) returns timestamptz language plpgsql volatile as $$
declare
  b account_balances%rowtype;
  r auto_top_up_rules%rowtype;
  t top_ups%rowtype;
  v_next timestamptz;
begin
  select * into b from account_balances where account_id = (select account_id from top_ups where id = p_top_up) for update;
  select * into r from auto_top_up_rules where account_id = b.account_id for update;
  select * into t from top_ups where id = p_top_up for update;
  update top_up_attempts set ended_at = p_now, outcome = p_class, decline_code = p_code,
      payment_intent_id = coalesce(payment_intent_id, p_payment_intent)
    where top_up_id = p_top_up and attempt = p_attempt and ended_at is null;
  if not found or t.state in ('paid', 'not-completed') then
    return t.next_attempt_at;
  end if;
  if p_class in ('hard', 'card-data', 'rate-limit') then
    insert into card_suspensions (fingerprint, reason, suspended_at, suspended_until)
      select m.fingerprint, p_class, p_now, case when p_class = 'rate-limit' then p_now + interval '24 hours' end
      from payment_methods m where m.id = t.payment_method_id
      on conflict (fingerprint) do update set reason = excluded.reason, suspended_at = excluded.suspended_at,
        suspended_until = excluded.suspended_until;
  end if;
  update auto_top_up_rules set declines_in_a_row = declines_in_a_row + 1
    where account_id = b.account_id and payment_method_id = t.payment_method_id returning * into r;
  if p_class = 'soft' and r.state = 'enabled' and r.payment_method_id = t.payment_method_id and r.declines_in_a_row < 3 then
    v_next := p_now + case when r.declines_in_a_row = 1 then interval '1 hour' else interval '24 hours' end;
    update top_ups set state = 'open', next_attempt_at = v_next, next_check_at = v_next + interval '1 minute' where id = p_top_up;
    perform tell_person(format('declined:%s', p_top_up), 'auto-top-up-declined', t.payer_id, t.account_id,
      jsonb_build_object('topUpId', p_top_up, 'amount', t.amount::text), p_now);
    return v_next;
  end if;
  perform close_top_up(p_top_up, p_class, p_now);
  if r.payment_method_id = t.payment_method_id then
    perform suspend_auto_top_up(b.account_id, case p_class when 'soft' then 'declined' else p_class end,
      case when p_class = 'rate-limit' then p_now + interval '24 hours' end, p_now);
  end if;
  return null;
end $$;

/* Credits a payment that Stripe confirmed, once: the top-up becomes paid, whatever it was before, and its purchase
   command is stored, under the account's lock. Returns `credited`, `again` (it already was), or `second` (another
   PaymentIntent paid this top-up: not credited). */
create function credit_payment(
  p_top_up uuid, p_attempt int4, p_payment_intent text, p_command uuid, p_now timestamptz
) returns text language plpgsql volatile as $$
declare
  b account_balances%rowtype;
  t top_ups%rowtype;
begin
  select * into b from account_balances where account_id = (select account_id from top_ups where id = p_top_up) for update;
  update auto_top_up_rules set declines_in_a_row = 0 where account_id = b.account_id
    and declines_in_a_row > 0 and p_attempt is not null;
  select * into t from top_ups where id = p_top_up for update;
  if t.state = 'paid' then
    return case when t.payment_intent_id = p_payment_intent then 'again' else 'second' end;
  end if;
  perform store_command(p_command, t.account_id, 'purchase:' || p_payment_intent, 'top-up', t.amount,
    jsonb_build_object('topUpId', t.id, 'mode', t.mode, 'payerId', t.payer_id,
      'payerName', (select p.name from auth.people p where p.id = t.payer_id)), p_now);
  update top_ups set state = 'paid', payment_intent_id = p_payment_intent, paid_at = p_now, reason = null,
    next_check_at = null, next_attempt_at = null, checkout_url = null where id = t.id;
  update top_up_attempts set payment_intent_id = p_payment_intent, outcome = 'paid', ended_at = p_now
    where top_up_id = t.id and attempt = p_attempt and ended_at is null;
  perform tell_person('paid:' || t.id, 'top-up-paid', t.payer_id, t.account_id,
    jsonb_build_object('topUpId', t.id, 'mode', t.mode, 'amount', t.amount::text, 'currency', t.currency), p_now);
  return 'credited';
end $$;

/* Sets a payment aside that Stripe took and that does not match what was asked for: never credited by itself. The auto
   top-up whose own PaymentIntent it is ends with it, and its rule is suspended until an operator looked. */
create function quarantine_payment(
  p_payment_intent text, p_top_up uuid, p_reason text, p_cents int8, p_currency text, p_details jsonb, p_now timestamptz
) returns boolean language plpgsql volatile as $$
declare
  v_account uuid;
  v_new boolean;
begin
  select account_id into v_account from top_ups where id = p_top_up;
  perform 1 from account_balances where account_id = v_account for update;
  insert into quarantined_payments (payment_intent_id, top_up_id, reason, amount_cents, currency, details, found_at)
    values (p_payment_intent, p_top_up, p_reason, p_cents, p_currency, p_details, p_now)
    on conflict (payment_intent_id) do nothing;
  v_new := found;
  -- also when it is not new: an event may have come before the attempt knew which PaymentIntent it made
  update top_up_attempts set outcome = 'quarantined', ended_at = p_now
    where top_up_id = p_top_up and payment_intent_id = p_payment_intent and ended_at is null;
  if found then
    perform close_top_up(p_top_up, 'quarantined', p_now);
    perform suspend_auto_top_up(v_account, 'payment-quarantined', null, p_now);
  end if;
  return v_new;
end $$;

/* Stores or replaces an account's rule; whatever it changes is evaluated anew. The card stays when none is given. A rule
   set again after it was removed counts on from the one before, whose top-ups would stand in the way of its first. */
create function set_auto_top_up(
  p_account uuid, p_sponsor uuid, p_payment_method text, p_threshold int8, p_amount int8, p_target int8, p_cap int8,
  p_resume boolean, p_now timestamptz
) returns void language plpgsql volatile as $$
begin
  insert into auto_top_up_rules (account_id, revision, sponsor_id, payment_method_id, threshold, amount, target_balance,
      monthly_cap, next_evaluation_at, created_at, updated_at)
    values (p_account, (select coalesce(max(t.rule_revision), 0) + 1 from top_ups t where t.account_id = p_account),
      p_sponsor, p_payment_method, p_threshold, p_amount, p_target, p_cap, p_now, p_now, p_now)
    on conflict (account_id) do update set sponsor_id = p_sponsor, payment_method_id = p_payment_method,
      threshold = p_threshold, amount = p_amount, target_balance = p_target, monthly_cap = p_cap,
      revision = auto_top_up_rules.revision + 1, next_evaluation_at = p_now, updated_at = p_now,
      state = case when p_resume then 'enabled' else auto_top_up_rules.state end,
      suspension = case when not p_resume then auto_top_up_rules.suspension end,
      suspended_until = case when not p_resume then auto_top_up_rules.suspended_until end,
      declines_in_a_row = case when p_resume then 0 else auto_top_up_rules.declines_in_a_row end;
  perform free_auto_top_up(p_account, 'rule-changed', p_now);
end $$;
