-- Pages of closed accounts: one that is still open could be paid for nothing, so it is ended when its account is closed.

/* When the page of a top-up is to be ended; a worker does it, because only Stripe can. */
alter table top_ups add column end_page_at timestamptz;
create index top_ups_pages_to_end on top_ups (end_page_at) where end_page_at is not null and next_check_at is not null;

create function end_pages_of_closed() returns trigger language plpgsql as $$
begin
  update top_ups set end_page_at = acting_now()
    where account_id = new.account_id and mode = 'manual' and next_check_at is not null;
  return null;
end $$;
create trigger closed_accounts_end_their_pages after update of state on account_balances
  for each row when (old.state <> 'closed' and new.state = 'closed') execute function end_pages_of_closed();
