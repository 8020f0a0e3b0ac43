-- Late payments: money that comes after its top-up was given up, or after an operator decided, stands in every sum it concerns.

-- One page to recover a charge at a time. One that was ended here may be paid all the same: that stands beside any other.
drop index top_up_recovery;
create unique index top_up_recovery on top_ups (recovers)
  where recovers is not null and state in ('open', 'processing', 'unknown');
create index top_ups_recovering on top_ups (recovers) where recovers is not null;

/* What auto top-up took from an account in the UTC month of `p_now`, by the row's month: paid, in flight, unknown, and
   what was set aside and not left out of the ledger. */
create or replace function auto_top_up_month(p_account uuid, p_now timestamptz) returns int8 language sql stable as $$
  select coalesce(sum(case when t.state <> 'not-completed' then t.amount else 0 end + coalesce(q.amount, 0)), 0)::int8
  from top_ups t
  left join lateral (
    select sum(x.amount_cents) * 10000000 as amount from quarantined_payments x
      where x.top_up_id = t.id and x.currency = t.currency and x.resolution is distinct from 'kept-out'
        and x.payment_intent_id is distinct from t.payment_intent_id
  ) q on true
  where t.account_id = p_account and t.mode = 'auto'
    and t.created_at >= date_trunc('month', p_now at time zone 'UTC') at time zone 'UTC'
    and t.created_at < (date_trunc('month', p_now at time zone 'UTC') + interval '1 month') at time zone 'UTC';
$$;
create index quarantined_payments_of_top_up on quarantined_payments (top_up_id) where top_up_id is not null;

/* Records that an attempt was declined, and what follows from the class of the decline: a soft one is tried again
   after an hour, then after a day, everything else suspends the rule (hard and card-data ones the card as well, for
   good: no shorter rest takes their place). Returns when the next attempt is due; null when there is none. A decline
   already recorded changes nothing. */
create or replace function record_decline(
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
        suspended_until = excluded.suspended_until
        where excluded.suspended_until is null or card_suspensions.suspended_until is not null;
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
    where f.id = case when t.reason = 'authentication' then t.id else t.recovers end and r.account_id = t.account_id and r.suspension = 'authentication'
      and r.sponsor_id = t.payer_id and r.payment_method_id = f.payment_method_id and may_sponsor(r.account_id, r.sponsor_id);
  return 'credited';
end $$;

/* An operator's decision about a payment that was set aside: `credited` stores its purchase, for the account of its
   top-up or the one given; `kept-out` leaves it out of the ledger. A rule that waited for this goes on. Returns the
   account, if there is one. The same decision again, for the same account, changes nothing. Raises
   `quarantine-resolved` when it was another, and `payment-not-creditable`. */
create or replace function resolve_quarantine(
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
  if (q.resolution, q.resolution_reason, q.resolved_by) = (p_resolution, p_reason, p_operator)
    and (p_resolution = 'kept-out' or exists (
      select from ledger_commands c where c.key = 'purchase:' || p_payment_intent and c.account_id = v_account))
  then
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
