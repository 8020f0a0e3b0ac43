-- Posting: how an account's actor turns the open period and the waiting commands into entries.

/* Where an account stands, as its actor carries it. `more` says whether anything waits to be posted. */
create function account_standing(p_account uuid) returns table (
  epoch int8, seq int8, posted int8, pending int8, held int8, state text, more boolean,
  top_up_in_flight uuid, threshold int8, decision text, reason text
) language plpgsql stable as $$
begin
  return query
  select b.epoch, b.open_seq - 1, b.posted, b.pending, b.held, b.state, b.pending_count > 0 or b.commands_waiting > 0,
    t.top_up_in_flight, t.threshold, t.decision, t.reason
  from account_balances b left join lateral auto_top_up_standing(p_account) t on true
  where b.account_id = p_account;
  if not found then
    perform refuse('account-not-found', format('no account %s', p_account));
  end if;
end $$;

/* Opens an account for a new run of its actor: whatever an older run still posts is refused from here on. */
create function open_account(p_account uuid) returns table (
  epoch int8, seq int8, posted int8, pending int8, held int8, state text, more boolean,
  top_up_in_flight uuid, threshold int8, decision text, reason text
) language plpgsql volatile as $$
begin
  update account_balances b set epoch = b.epoch + 1 where b.account_id = p_account;
  return query select * from account_standing(p_account);
end $$;

/* One posting. Posts nothing when the account is already beyond `p_after_seq`: an earlier attempt committed and its
   reply was lost, or the actor was reset. Clears the ring in the transaction that takes pending. */
create function post_pending(p_account uuid, p_epoch int8, p_after_seq int8, p_most_commands int4, p_now timestamptz)
returns table (
  epoch int8, seq int8, posted int8, pending int8, held int8, state text, more boolean,
  top_up_in_flight uuid, threshold int8, decision text, reason text, entries_written int4, commands_refused int4
) language plpgsql volatile as $$
#variable_conflict use_column
declare
  b account_balances%rowtype;
  v_currency text;
  v_written int4 := 0;
  v_refused int4 := 0;
  c ledger_commands%rowtype;
begin
  select * into b from account_balances where account_id = p_account for update;
  if not found then
    perform refuse('account-not-found', format('no account %s', p_account));
  end if;
  if b.epoch <> p_epoch then
    perform refuse('fenced-out', format('epoch %s is over, account %s is at %s', p_epoch, p_account, b.epoch));
  end if;
  if b.open_seq - 1 > p_after_seq then
    return query select s.*, 0, 0 from account_standing(p_account) s;
    return;
  end if;
  select a.currency into v_currency from accounts a where a.id = p_account;

  if b.pending_count > 0 then
    insert into entries (account_id, seq, type, debit, credit, amount, balance_after, currency, epoch, event_count, last_position, posted_at)
      values (p_account, b.open_seq, 'usage', 'credit', 'revenue', b.open_cost, b.posted - b.open_cost, v_currency, p_epoch,
        b.pending_count, b.last_position, p_now);
    b.posted := b.posted - b.open_cost;
    b.open_seq := b.open_seq + 1;
    v_written := 1;
  end if;

  for c in
    select * from ledger_commands where account_id = p_account and state = 'waiting' order by arrival limit p_most_commands
  loop
    begin
      insert into entries (account_id, seq, type, debit, credit, amount, balance_after, currency, epoch, last_position, command_id, posted_at)
        values (p_account, b.open_seq, c.type,
          case when c.amount > 0 then ledger_counterpart(c.type) else 'credit' end,
          case when c.amount > 0 then 'credit' else ledger_counterpart(c.type) end,
          abs(c.amount), b.posted + c.amount, v_currency, p_epoch, b.last_position, c.id, p_now);
      b.posted := b.posted + c.amount;
      b.open_seq := b.open_seq + 1;
      v_written := v_written + 1;
    exception when others then
      -- a fault of the moment (deadlock, lock, resources, shutdown) fails the posting, which is then tried again
      if left(sqlstate, 2) in ('40', '53', '55', '57', '58', 'XX') then
        raise;
      end if;
      -- what the database refuses must not block the rest; it is marked, alerted and shown by verify
      update ledger_commands set state = 'refused', refusal = sqlerrm where id = c.id;
      update account_balances set pending = account_balances.pending - c.amount, commands_waiting = commands_waiting - 1
        where account_id = p_account;
      v_refused := v_refused + 1;
    end;
  end loop;

  update account_balances ab set rung_at = null, rings_repeated = 0, ring_again_at = null,
    pending_since = case when ab.commands_waiting > 0 then p_now end
    where ab.account_id = p_account
    returning ab.* into b;
  if b.commands_waiting = 0 then
    perform decide_auto_top_up(p_account, p_now);
  end if;
  return query select s.*, v_written, v_refused from account_standing(p_account) s;
end $$;

/* The ledger account on the other side of an entry that adds or takes credit. */
create function ledger_counterpart(p_type entry_type) returns ledger_account language sql immutable as $$
  select (case p_type
    when 'usage' then 'revenue'
    when 'grant' then 'grants'
    when 'adjustment' then 'adjustments'
    else 'stripe'
  end)::ledger_account
$$;
