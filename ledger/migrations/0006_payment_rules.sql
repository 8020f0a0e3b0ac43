-- Rules of payments: how often an account is charged, cards that no account may charge, charges that the bank wants
-- confirmed, and what operators decide about payments that were set aside.

-- How many charges an account may make within a while, whatever its rule says.
alter table deployment
  add column attempts_most int4 not null default 2 constraint deployment_attempts_most check (attempts_most > 0),
  add column attempts_within interval not null default '10 minutes';

alter table top_ups
  -- how often its workflow had ended before it did
  add column restarts int4 not null default 0,
  -- the auto top-up that the bank wanted confirmed, and that its payer pays by hand with this one
  add column recovers uuid references top_ups (id),
  add constraint top_up_recovers check (recovers is null or mode = 'manual');
create unique index top_up_recovery on top_ups (recovers) where recovers is not null and state <> 'not-completed';

alter table quarantined_payments
  add column resolution_reason text,
  add column resolved_by text,
  add constraint quarantine_resolution check (resolution in ('credited', 'kept-out')),
  add constraint quarantine_resolved check (
    num_nonnulls(resolved_at, resolution, resolution_reason, resolved_by) in (0, 4)
  );
create index quarantined_payments_by_time on quarantined_payments (found_at, payment_intent_id);

/* Those who may act for an account: the owners and admins of its organization, or the person it belongs to. */
create function stewards_of(p_account uuid) returns table (person_id uuid) language sql stable as $$
  select m.person_id from accounts a join auth.members m on m.organization_id = a.owner_id
    where a.id = p_account and a.owner_type = 'organization' and m.role in ('owner', 'admin')
  union
  select a.owner_id from accounts a where a.id = p_account and a.owner_type = 'person';
$$;

/* Tells everybody who may act for an account. */
create or replace function tell_stewards(p_key text, p_kind text, p_account uuid, p_details jsonb, p_now timestamptz)
returns void language sql volatile as $$
  select tell_person(p_key || ':' || s.person_id, p_kind, s.person_id, p_account, p_details, p_now) from stewards_of(p_account) s;
$$;

/* The suspension in force of a card, whichever account it was learnt on; all null when there is none. */
create function card_suspension(p_payment_method text, p_now timestamptz) returns card_suspensions language sql stable as $$
  select s from payment_methods m join card_suspensions s on s.fingerprint = m.fingerprint
    where m.id = p_payment_method and (s.suspended_until is null or s.suspended_until > p_now);
$$;

/* When an account may begin its next attempt, if it has used up those of the moment; else null. */
create function next_attempt_allowed_at(p_account uuid, p_now timestamptz) returns timestamptz language sql stable as $$
  select a.first_sent_at + d.attempts_within
    from deployment d
    cross join lateral (
      select a.first_sent_at from top_ups t join top_up_attempts a on a.top_up_id = t.id
        where t.account_id = p_account and t.mode = 'auto' and t.created_at > p_now - interval '3 days' - d.attempts_within
          and a.first_sent_at > p_now - d.attempts_within
        order by a.first_sent_at desc offset d.attempts_most - 1 limit 1
    ) a;
$$;

/* Whether a payment of an account's auto top-up waits for an operator: until then nobody lets the rule go on. */
create function auto_top_up_on_hold(p_account uuid) returns boolean language sql stable as $$
  select exists (
    select 1 from quarantined_payments q join top_ups t on t.id = q.top_up_id
      where t.account_id = p_account and t.mode = 'auto' and q.resolved_at is null
  );
$$;

/* What one evaluation decides; amount is null when nothing is to be charged. Changes nothing. */
create or replace function auto_top_up_choice(r auto_top_up_rules, p_state text, p_balance int8, p_now timestamptz)
returns table (decision text, reason text, amount int8, evaluate_at timestamptz) language plpgsql stable as $$
declare
  v_most int8 := 2000000000000;
  v_left int8;
  v_amount int8;
  v_until timestamptz;
  s card_suspensions%rowtype;
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
  -- what another account learnt about the card holds for this one too
  select * into s from card_suspension(r.payment_method_id, p_now);
  if s.reason is not null then
    return query select 'suspended', s.reason, null::int8, s.suspended_until;
    return;
  end if;
  -- a card is not tried again within the hour, whatever is done to the rule meanwhile
  select max(a.ended_at) + interval '1 hour' into v_until
    from top_ups t join top_up_attempts a on a.top_up_id = t.id
    join payment_methods m on m.id = t.payment_method_id
    join payment_methods c on c.id = r.payment_method_id and c.fingerprint = m.fingerprint
    where t.account_id = r.account_id and t.mode = 'auto' and t.created_at > p_now - interval '3 days'
      and a.ended_at > p_now - interval '1 hour' and a.outcome not in ('paid', 'never-sent');
  if v_until is not null then
    return query select 'skipped', 'declined-lately', null::int8, v_until;
    return;
  end if;
  v_until := next_attempt_allowed_at(r.account_id, p_now);
  if v_until is not null then
    return query select 'skipped', 'attempts-limit', null::int8, v_until;
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
create or replace function decide_auto_top_up(p_account uuid, p_now timestamptz) returns void language plpgsql volatile as $$
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
    if v.decision = 'suspended' and r.state = 'enabled' then
      perform suspend_auto_top_up(p_account, v.reason, v.evaluate_at, p_now);
      select * into r from auto_top_up_rules where account_id = p_account;
    end if;
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
      if v_top_up is null then
        -- at most one charge per episode: this one has had it, and what it paid is not (yet) among the entries
        v.decision := 'skipped';
        v.reason := 'episode-over';
        v.amount := null;
        v.evaluate_at := p_now + interval '10 minutes';
      end if;
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

/* Suspends a rule, tells the owners and admins, and ends its top-up unless that may still take money. A sponsor whose
   bank wants the charge confirmed is told how instead. */
create or replace function suspend_auto_top_up(p_account uuid, p_reason text, p_until timestamptz, p_now timestamptz)
returns void language plpgsql volatile as $$
declare
  r auto_top_up_rules%rowtype;
  v_failed top_ups%rowtype;
begin
  update auto_top_up_rules set state = 'suspended', suspension = p_reason, suspended_until = p_until, revision = revision + 1,
      next_evaluation_at = p_now, updated_at = p_now
    where account_id = p_account and state = 'enabled' returning * into r;
  if not found then
    return;
  end if;
  if p_reason = 'authentication' then
    select * into v_failed from top_ups
      where account_id = p_account and mode = 'auto' and state = 'not-completed' and reason = 'authentication' order by id desc limit 1;
  end if;
  -- the revision alone may have been that of a rule removed since
  perform tell_person(
      format('suspended:%s:%s:%s:%s', p_account, extract(epoch from r.created_at), r.revision, s.person_id),
      case when v_failed.payer_id = s.person_id then 'auto-top-up-recovery' else 'auto-top-up-suspended' end, s.person_id, p_account,
      case when v_failed.payer_id = s.person_id then jsonb_build_object('topUpId', v_failed.id, 'amount', v_failed.amount::text)
        else jsonb_build_object('reason', p_reason, 'sponsorId', r.sponsor_id) end, p_now)
    from stewards_of(p_account) s;
  perform free_auto_top_up(p_account, 'rule-suspended', p_now);
end $$;

/* A sponsor who leaves or is demoted takes the card along, in that same transaction. Its time is the setting
   `coffer.now` of whoever changes members. Rules are locked after the membership here and before it nowhere: whoever
   starts a charge reads memberships without a lock, behind the rule's. */
create or replace function suspend_rules_of_member() returns trigger language plpgsql as $$
begin
  perform suspend_auto_top_up(r.account_id, 'sponsor-left', null,
      coalesce(nullif(current_setting('coffer.now', true), '')::timestamptz, statement_timestamp()))
    from (
      select x.account_id from auto_top_up_rules x join accounts a on a.id = x.account_id
        where x.sponsor_id = old.person_id and a.owner_type = 'organization' and a.owner_id = old.organization_id
          and not may_sponsor(x.account_id, old.person_id)
        order by x.account_id
    ) r;
  return null;
end $$;

/* Begins an attempt of an auto top-up, or finds the one already begun: locks the account and checks everything again.
   `send`: send it, with the same key and parameters as before; `wait`: not before `attempt_at`; `look-up`: sent so
   long ago that its key may be forgotten; `over`: nothing is to be sent. */
create or replace function begin_attempt(p_top_up uuid, p_now timestamptz) returns table (
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
  s card_suspensions%rowtype;
  v_until timestamptz;
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
    select * into s from card_suspension(t.payment_method_id, p_now);
    if r.account_id is not null and r.state = 'enabled' and not may_sponsor(b.account_id, r.sponsor_id) then
      perform suspend_auto_top_up(b.account_id, 'sponsor-left', null, p_now);
      v_reason := 'sponsor-left';
    elsif r.state = 'enabled' and r.payment_method_id = t.payment_method_id
      and exists (select 1 from payment_methods m where m.id = t.payment_method_id and m.detached_at is not null)
    then
      -- it went while the rule was being set: left enabled, the rule would open one top-up after the other
      perform suspend_auto_top_up(b.account_id, 'card-removed', null, p_now);
      v_reason := 'card-removed';
    elsif r.state = 'enabled' and r.payment_method_id = t.payment_method_id and s.reason is not null then
      perform suspend_auto_top_up(b.account_id, s.reason, s.suspended_until, p_now);
      v_reason := 'card-suspended';
    else
      v_reason := case
        when b.state <> 'open' then 'account-' || b.state
        when r.account_id is null or r.sponsor_id <> t.payer_id or r.payment_method_id <> t.payment_method_id then 'rule-changed'
        when r.state <> 'enabled' then 'rule-suspended'
        when b.posted + b.pending >= r.threshold then 'recovered'
        when auto_top_up_month(b.account_id, t.created_at) > r.monthly_cap then 'cap-reached'
      end;
    end if;
    v_until := next_attempt_allowed_at(b.account_id, p_now);
    if v_reason is not null then
      perform close_top_up(p_top_up, v_reason, p_now);
      v_step := 'over';
    elsif v_until is not null then
      update top_ups set next_attempt_at = v_until, next_check_at = v_until + interval '1 minute' where id = p_top_up
        returning * into t;
      v_step := 'wait';
    else
      insert into top_up_attempts (top_up_id, attempt, first_sent_at, last_sent_at)
        values (p_top_up, t.attempt + 1, p_now, p_now) returning * into a;
      update top_ups set attempt = a.attempt, next_attempt_at = null, next_check_at = p_now + interval '2 minutes' where id = p_top_up;
    end if;
  end if;
  return query select v_step, t.account_id, t.payer_id, t.amount, t.currency, t.customer_id, t.payment_method_id,
    t.receipt_email, coalesce(a.attempt, t.attempt), t.next_attempt_at, a.first_sent_at, v_resent;
end $$;

/* Credits a payment that Stripe confirmed, once: the top-up becomes paid, whatever it was before, and its purchase
   command is stored, under the account's lock. Returns `credited`, `again` (it already was), `second` (another
   PaymentIntent paid this top-up: not credited), or `quarantined` (it was set aside: an operator decides). */
create or replace function credit_payment(
  p_top_up uuid, p_attempt int4, p_payment_intent text, p_command uuid, p_now timestamptz
) returns text language plpgsql volatile as $$
declare
  b account_balances%rowtype;
  t top_ups%rowtype;
begin
  select * into b from account_balances where account_id = (select account_id from top_ups where id = p_top_up) for update;
  update auto_top_up_rules set declines_in_a_row = 0 where account_id = b.account_id
    and declines_in_a_row > 0 and p_attempt is not null;
  perform 1 from auto_top_up_rules where account_id = b.account_id for update;
  select * into t from top_ups where id = p_top_up for update;
  if t.state = 'paid' and t.payment_intent_id = p_payment_intent then
    return 'again';
  elsif t.state = 'paid' then
    return 'second';
  elsif exists (select 1 from quarantined_payments q where q.payment_intent_id = p_payment_intent) then
    return 'quarantined';
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
  -- the payer confirmed a charge that the bank had asked about: the rule that it paused goes on
  update auto_top_up_rules r set state = 'enabled', suspension = null, suspended_until = null, declines_in_a_row = 0,
      revision = r.revision + 1, next_evaluation_at = p_now
    from top_ups f
    where f.id = t.recovers and r.account_id = t.account_id and r.suspension = 'authentication'
      and r.sponsor_id = t.payer_id and r.payment_method_id = f.payment_method_id and may_sponsor(r.account_id, r.sponsor_id);
  return 'credited';
end $$;

/* Stores or replaces an account's rule; whatever it changes is evaluated anew. The card stays when none is given. A rule
   set again after it was removed counts on from the one before, whose top-ups would stand in the way of its first.
   Raises `payment-under-review` when it would resume one that an operator has to decide about. */
create or replace function set_auto_top_up(
  p_account uuid, p_sponsor uuid, p_payment_method text, p_threshold int8, p_amount int8, p_target int8, p_cap int8,
  p_resume boolean, p_now timestamptz
) returns void language plpgsql volatile as $$
begin
  if p_resume and auto_top_up_on_hold(p_account)
    and not exists (select 1 from auto_top_up_rules where account_id = p_account and state = 'enabled') then
    perform refuse('payment-under-review', 'A payment of auto top-up here is under review. Auto top-up goes on when an operator has decided about it.');
  end if;
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

/* An operator's decision about a payment that was set aside: `credited` stores its purchase, for the account of its
   top-up or the one given; `kept-out` leaves it out of the ledger. A rule that waited for this goes on. Returns the
   account, if there is one. The same decision again changes nothing. Raises `quarantine-resolved` when it was another,
   and `payment-not-creditable`. */
create function resolve_quarantine(
  p_payment_intent text, p_resolution text, p_reason text, p_operator text, p_account uuid, p_command uuid, p_now timestamptz
) returns uuid language plpgsql volatile as $$
declare
  q quarantined_payments%rowtype;
  t top_ups%rowtype;
  v_account uuid;
  v_currency text;
begin
  select x.* into t from quarantined_payments y join top_ups x on x.id = y.top_up_id where y.payment_intent_id = p_payment_intent;
  v_account := coalesce(t.account_id, p_account);
  select a.currency into v_currency from accounts a join account_balances b on b.account_id = a.id where a.id = v_account for update of b;
  if not found and v_account is not null then
    perform refuse('account-not-found', 'There is no such account.');
  end if;
  perform 1 from auto_top_up_rules where account_id = v_account for update;
  select * into q from quarantined_payments where payment_intent_id = p_payment_intent for update;
  if (q.resolution, q.resolution_reason, q.resolved_by) = (p_resolution, p_reason, p_operator) then
    return v_account;
  elsif q.resolved_at is not null then
    perform refuse('quarantine-resolved', format('This payment was %s already.', q.resolution));
  elsif p_account <> t.account_id then
    perform refuse('payment-not-creditable', 'This payment belongs to the account of its top-up: leave accountId out.');
  end if;
  if p_resolution = 'credited' then
    if v_account is null then
      perform refuse('payment-not-creditable', 'This payment belongs to no top-up: say which account it is for.');
    elsif q.currency is distinct from v_currency or coalesce(q.amount_cents, 0) <= 0 then
      perform refuse('payment-not-creditable', format('The account is kept in %s, and this payment is %s cents in %s.', v_currency, q.amount_cents, q.currency));
    end if;
    perform store_command(p_command, v_account, 'purchase:' || q.payment_intent_id, 'top-up', q.amount_cents * 10000000,
      jsonb_strip_nulls(jsonb_build_object('topUpId', t.id, 'mode', t.mode, 'payerId', t.payer_id,
        'payerName', (select p.name from auth.people p where p.id = t.payer_id), 'operator', p_operator)), p_now);
  end if;
  update quarantined_payments set resolved_at = p_now, resolution = p_resolution, resolution_reason = p_reason, resolved_by = p_operator
    where payment_intent_id = p_payment_intent;
  if not auto_top_up_on_hold(v_account) then
    update auto_top_up_rules set state = 'enabled', suspension = null, suspended_until = null, declines_in_a_row = 0,
        revision = revision + 1, next_evaluation_at = p_now
      where account_id = v_account and suspension = 'payment-quarantined';
  end if;
  return v_account;
end $$;
