-- The ledger: accounts, their balance rows, the commands waiting to move credit, and the entries that did.
-- A refusal raises an exception whose constraint name is its code (see ledger/refusal.ts).

create table accounts (
  id uuid primary key,
  owner_type text not null constraint account_owner_type check (owner_type in ('organization', 'person')),
  owner_id uuid not null,
  currency text not null constraint account_currency check (currency ~ '^[a-z]{3}$'),
  created_at timestamptz not null,
  constraint account_owner_unique unique (owner_type, owner_id)
);

-- One narrow row per account, the lock under which everything that moves money happens. Nothing that a flush
-- changes is indexed, so flushes are heap-only updates.
create table account_balances (
  account_id uuid primary key references accounts (id),
  epoch int8 not null default 0,
  -- the seq that the next entry will have; usage events are stamped with it
  open_seq int8 not null default 1,
  posted int8 not null default 0,
  -- signed: waiting commands minus the cost of the open period; balance = posted + pending
  pending int8 not null default 0,
  -- the open period: cost and number of its usage events
  open_cost int8 not null default 0 constraint open_cost_positive check (open_cost >= 0),
  pending_count int8 not null default 0,
  commands_waiting int4 not null default 0,
  held int8 not null default 0 constraint held_positive check (held >= 0),
  -- the position given to the account's newest usage event
  last_position int8 not null default 0,
  -- since when something waits to be posted
  pending_since timestamptz,
  -- since when a ring of the actor is outstanding, how often the sweeper repeated it, and when it does next
  rung_at timestamptz,
  rings_repeated int4 not null default 0,
  ring_again_at timestamptz,
  -- the next level below which something must happen: the threshold, or zero
  low_water int8 not null default 0,
  overdraft int8 not null default 0 constraint overdraft_positive check (overdraft >= 0),
  state text not null default 'open' constraint account_state check (state in ('open', 'frozen', 'closed'))
) with (fillfactor = 40);

create index account_balances_rung on account_balances (rung_at) where rung_at is not null;
create index account_balances_pending on account_balances (pending_since) where pending_since is not null;

create type entry_type as enum (
  'usage', 'top-up', 'refund', 'refund-reversed', 'dispute', 'dispute-reinstated', 'grant', 'adjustment'
);

-- The ledger accounts an entry moves an amount between; `credit` is the entry's own account's credit.
create type ledger_account as enum ('credit', 'stripe', 'revenue', 'grants', 'adjustments');

create table ledger_commands (
  id uuid primary key,
  account_id uuid not null references account_balances (account_id),
  key text not null constraint command_key_unique unique,
  type entry_type not null constraint command_type check (type <> 'usage'),
  -- signed: what the command adds to the balance
  amount int8 not null constraint command_amount check (amount <> 0),
  -- what people read of it: payer, mode, reason, Stripe ids
  details jsonb not null default '{}',
  -- per account, the order of arrival
  arrival int8 generated always as identity,
  state text not null default 'waiting' constraint command_state check (state in ('waiting', 'posted', 'refused')),
  refusal text,
  stored_at timestamptz not null
);

create index ledger_commands_waiting on ledger_commands (account_id, arrival) where state = 'waiting';

create table entries (
  account_id uuid not null references accounts (id),
  seq int8 not null,
  type entry_type not null,
  debit ledger_account not null,
  credit ledger_account not null,
  amount int8 not null constraint entry_amount check (amount >= 0),
  balance_after int8 not null,
  currency text not null,
  epoch int8 not null,
  event_count int8 not null default 0,
  -- the account's newest usage event at this entry: a usage entry covers the positions since the entry before
  last_position int8 not null,
  command_id uuid constraint entry_command_unique unique references ledger_commands (id),
  posted_at timestamptz not null,
  primary key (account_id, seq),
  -- an entry is one amount between two ledger accounts, exactly one of them the account's own credit
  constraint "entry-unbalanced" check ((debit = 'credit') <> (credit = 'credit')),
  constraint entry_counterpart check (
    case type
      when 'usage' then debit = 'credit' and credit = 'revenue'
      when 'top-up' then debit = 'stripe'
      when 'refund' then credit = 'stripe'
      when 'refund-reversed' then debit = 'stripe'
      when 'dispute' then credit = 'stripe'
      when 'dispute-reinstated' then debit = 'stripe'
      when 'grant' then 'grants' in (debit, credit)
      when 'adjustment' then 'adjustments' in (debit, credit)
    end
  ),
  constraint entry_origin check ((type = 'usage') = (command_id is null))
);

create index entries_by_time on entries (account_id, last_position, seq) where type <> 'usage';

-- Both sides of every entry as lines, for whoever adds up debits and credits.
create view ledger_lines as
  select account_id, seq, currency, debit as ledger_account, amount as debit_amount, 0::int8 as credit_amount from entries
  union all
  select account_id, seq, currency, credit, 0::int8, amount from entries;

/* Raises a refusal: `p_code` travels as the constraint name. */
create function refuse(p_code text, p_message text) returns void language plpgsql as $$
begin
  raise exception '%', p_message using errcode = 'P0001', constraint = p_code;
end $$;

create function refuse_change() returns trigger language plpgsql as $$
begin
  perform refuse('record-immutable', format('%s is append-only: %s refused', tg_table_name, lower(tg_op)));
  return null;
end $$;

create trigger entries_immutable before update or delete on entries for each row execute function refuse_change();
create trigger entries_not_truncated before truncate on entries for each statement execute function refuse_change();

/* An entry is the only thing that moves `posted`: it must come from the living epoch, be the next in line, follow
   from the balance before it, and carry exactly the open period or exactly its command. */
create function apply_entry() returns trigger language plpgsql as $$
declare
  b account_balances%rowtype;
  c ledger_commands%rowtype;
  v_signed int8 := case when new.credit = 'credit' then new.amount else -new.amount end;
begin
  select * into b from account_balances where account_id = new.account_id for update;
  if not found then
    perform refuse('account-not-found', format('no account %s', new.account_id));
  end if;
  if new.epoch <> b.epoch then
    perform refuse('fenced-out', format('epoch %s is over, account %s is at %s', new.epoch, new.account_id, b.epoch));
  end if;
  if new.seq <> b.open_seq then
    perform refuse('entry-out-of-order', format('seq %s, but the next of account %s is %s', new.seq, new.account_id, b.open_seq));
  end if;
  if new.balance_after <> b.posted + v_signed then
    perform refuse('entry-unbalanced', format('balance %s does not follow from %s and %s', new.balance_after, b.posted, v_signed));
  end if;
  if new.type = 'usage' then
    if new.amount <> b.open_cost or new.event_count <> b.pending_count or new.last_position <> b.last_position then
      perform refuse('entry-unbalanced', format('a usage entry of %s, but the open period of account %s costs %s', new.amount, new.account_id, b.open_cost));
    end if;
    update account_balances
      set posted = new.balance_after, open_seq = new.seq + 1, pending = pending - v_signed, open_cost = 0, pending_count = 0
      where account_id = new.account_id;
  else
    select * into c from ledger_commands where id = new.command_id for update;
    if c.state <> 'waiting' or c.account_id <> new.account_id or c.type <> new.type or c.amount <> v_signed then
      perform refuse('entry-unbalanced', format('command %s does not say what the entry says', new.command_id));
    end if;
    if b.pending_count > 0 then
      perform refuse('entry-out-of-order', format('account %s has usage to post before command %s', new.account_id, new.command_id));
    end if;
    update ledger_commands set state = 'posted' where id = new.command_id;
    update account_balances
      set posted = new.balance_after, open_seq = new.seq + 1, pending = pending - v_signed, commands_waiting = commands_waiting - 1
      where account_id = new.account_id;
  end if;
  return new;
end $$;

create trigger entries_apply before insert on entries for each row execute function apply_entry();

/* Only an entry may move what is posted: at commit, the balance row must be where its last entry left it. */
create function check_posted() returns trigger language plpgsql as $$
declare
  v_last record;
begin
  select seq, balance_after into v_last from entries where account_id = new.account_id order by seq desc limit 1;
  if new.posted <> coalesce(v_last.balance_after, 0) or new.open_seq <> coalesce(v_last.seq, 0) + 1 then
    -- a later change in the same transaction may have moved it on; judge the row as it stands now
    perform 1 from account_balances b where b.account_id = new.account_id
      and b.posted = coalesce(v_last.balance_after, 0) and b.open_seq = coalesce(v_last.seq, 0) + 1;
    if not found then
      perform refuse('entry-unbalanced', format('account %s: posted does not follow from its entries', new.account_id));
    end if;
  end if;
  return null;
end $$;

create constraint trigger balance_follows_entries after update of posted, open_seq on account_balances
  deferrable initially deferred for each row
  when (old.posted is distinct from new.posted or old.open_seq is distinct from new.open_seq)
  execute function check_posted();

/* Opens an account with its balance row. Repeating it changes nothing. */
create function create_account(p_id uuid, p_owner_type text, p_owner_id uuid, p_currency text, p_now timestamptz)
returns void language sql as $$
  insert into accounts (id, owner_type, owner_id, currency, created_at)
    values (p_id, p_owner_type, p_owner_id, p_currency, p_now) on conflict do nothing;
  insert into account_balances (account_id) select id from accounts where id = p_id on conflict do nothing;
$$;

/* Stores a wish to move credit and counts it in pending, under the balance row's lock. Returns whether it is new:
   the same key with the same content is a repetition, with other content it is refused. */
create function store_command(
  p_id uuid, p_account uuid, p_key text, p_type entry_type, p_amount int8, p_details jsonb, p_now timestamptz
) returns boolean language plpgsql as $$
declare
  b account_balances%rowtype;
  c ledger_commands%rowtype;
begin
  select * into b from account_balances where account_id = p_account for update;
  if not found then
    perform refuse('account-not-found', format('no account %s', p_account));
  end if;
  select * into c from ledger_commands where key = p_key;
  if found then
    if c.account_id <> p_account or c.type <> p_type or c.amount <> p_amount then
      perform refuse('idempotency-key-reused', format('key %s already stands for another command', p_key));
    end if;
    return false;
  end if;
  if b.state = 'closed' then
    perform refuse('account-closed', format('account %s is closed', p_account));
  end if;
  insert into ledger_commands (id, account_id, key, type, amount, details, stored_at)
    values (p_id, p_account, p_key, p_type, p_amount, p_details, p_now);
  update account_balances
    set pending = pending + p_amount, commands_waiting = commands_waiting + 1,
      pending_since = coalesce(pending_since, p_now), rung_at = coalesce(rung_at, p_now)
    where account_id = p_account;
  return true;
end $$;

-- Answers already given to writes with an Idempotency-Key; `resource_id` is the id of what the write creates, so
-- that a request taken over after a crash creates the same thing.
create table idempotency_keys (
  caller text not null,
  key text not null,
  request_hash bytea not null,
  resource_id uuid not null,
  claimed_at timestamptz not null,
  status int4,
  headers jsonb,
  body jsonb,
  primary key (caller, key)
);
