-- Renewed cards: one whose data was refused, as an expired one, may be charged again once it is valid for longer.

/* The bank or its owner renewed a card: the number stays, and so does its fingerprint. What was declined for good stays so. */
create function lift_suspension_of_renewed_card() returns trigger language plpgsql as $$
begin
  delete from card_suspensions s where s.fingerprint = new.fingerprint and s.reason = 'card-data'
    and not exists (
      select from payment_methods m where m.fingerprint = new.fingerprint and m.id <> new.id
        and (m.exp_year, m.exp_month) >= (new.exp_year, new.exp_month));
  return null;
end $$;
create trigger payment_methods_saved_renewed after insert on payment_methods
  for each row execute function lift_suspension_of_renewed_card();
create trigger payment_methods_renewed after update of exp_year, exp_month on payment_methods
  for each row when ((new.exp_year, new.exp_month) > (old.exp_year, old.exp_month))
  execute function lift_suspension_of_renewed_card();
