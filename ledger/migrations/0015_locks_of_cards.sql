-- Cards that go lock in the order of everybody, and what is credited is never set aside.

/* A card that goes takes its rules along. The balance rows come first, as everywhere: a rule that is changed twice in one
   transaction has its account locked by its foreign key, behind the rule. */
create or replace function suspend_rules_of_card() returns trigger language plpgsql as $$
begin
  perform 1 from account_balances
    where account_id in (select account_id from auto_top_up_rules where payment_method_id = new.id) order by account_id for update;
  perform suspend_auto_top_up(r.account_id, 'card-removed', null, new.detached_at)
    from (select account_id from auto_top_up_rules where payment_method_id = new.id order by account_id) r;
  return null;
end $$;

/* Sets a payment aside that Stripe took and that does not match what was asked for: never credited by itself. One that is
   credited already stays so, whatever became of it at Stripe since. The auto top-up whose own PaymentIntent it is ends
   with it, and its rule is suspended until an operator looked. */
create or replace function quarantine_payment(
  p_payment_intent text, p_top_up uuid, p_reason text, p_cents int8, p_currency text, p_details jsonb, p_now timestamptz
) returns boolean language plpgsql volatile as $$
declare
  v_account uuid;
  v_new boolean;
begin
  select account_id into v_account from top_ups where id = p_top_up;
  perform 1 from account_balances where account_id = v_account for update;
  insert into quarantined_payments (payment_intent_id, top_up_id, reason, amount_cents, currency, details, found_at)
    select p_payment_intent, p_top_up, p_reason, p_cents, p_currency, p_details, p_now
      where not exists (select from ledger_commands where key = 'purchase:' || p_payment_intent)
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
