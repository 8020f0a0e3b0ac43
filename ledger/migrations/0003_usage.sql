-- Usage: prices, usage events by day, their rollups, and the flush that records them.

-- femto-USD per token. Never edited, only superseded.
create table prices (
  id int4 generated always as identity primary key,
  model text not null,
  effective_from timestamptz not null,
  input int8 not null,
  cached_input int8 not null,
  cache_write int8 not null,
  output int8 not null,
  batch_input int8 not null,
  batch_cached_input int8 not null,
  batch_cache_write int8 not null,
  batch_output int8 not null,
  source text not null,
  created_at timestamptz not null,
  constraint price_unique unique (model, effective_from),
  constraint price_positive check (
    least(input, cached_input, cache_write, output, batch_input, batch_cached_input, batch_cache_write, batch_output) >= 0
  )
);

create trigger prices_immutable before update or delete on prices for each row execute function refuse_change();

/* A model's first price may begin in the past; every later one lies at least five minutes ahead. */
create function check_price() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('price:' || new.model, 0));
  if exists (select 1 from prices where model = new.model) and new.effective_from < new.created_at + interval '5 minutes' then
    perform refuse('price-not-ahead', format('a new price of %s must begin at least five minutes ahead', new.model));
  end if;
  return new;
end $$;

create trigger prices_check before insert on prices for each row execute function check_price();

create function notify_prices() returns trigger language plpgsql as $$
begin
  perform pg_notify('prices', '');
  return null;
end $$;

create trigger prices_notify after insert on prices for each statement execute function notify_prices();

-- Partitioned by `day`: the day of a UUIDv7 id, else of `occurred_at`. So the unique index is local in time.
create table usage_events (
  account_id uuid not null,
  day date not null,
  id text not null,
  position int8 not null,
  entry_seq int8 not null,
  member_id uuid not null,
  api_key_id uuid not null,
  model text not null,
  batched boolean not null,
  price_id int4,
  input_tokens int4 not null,
  cached_input_tokens int4 not null,
  cache_write_tokens int4 not null,
  output_tokens int4 not null,
  cost int8 not null,
  occurred_at timestamptz not null,
  recorded_at timestamptz not null,
  hold_id uuid,
  batch_id text,
  metadata jsonb,
  primary key (account_id, day, id)
) partition by range (day);

create index usage_events_history on usage_events (account_id, position);

create trigger usage_events_immutable before update or delete on usage_events for each row execute function refuse_change();

/* Makes the partitions of the days from `p_from` to `p_to`; those that exist stay. Safe to run at once from two processes. */
create function ensure_usage_days(p_from date, p_to date) returns void language plpgsql as $$
declare
  v_day date;
  v_name text;
begin
  for v_day in select generate_series(p_from, p_to, interval '1 day')::date loop
    v_name := 'usage_events_' || to_char(v_day, 'YYYYMMDD');
    if to_regclass(v_name) is null then
      perform pg_advisory_xact_lock(hashtextextended('usage_events', 0));
      if to_regclass(v_name) is null then
        execute format('create table %I partition of usage_events for values from (%L) to (%L)', v_name, v_day, v_day + 1);
        execute format('create trigger not_truncated before truncate on %I for each statement execute function refuse_change()', v_name);
      end if;
    end if;
  end loop;
end $$;

create table usage_rollups (
  account_id uuid not null,
  recorded_day date not null,
  occurred_day date not null,
  member_id uuid not null,
  api_key_id uuid not null,
  model text not null,
  batched boolean not null,
  event_count int8 not null,
  input_tokens int8 not null,
  cached_input_tokens int8 not null,
  cache_write_tokens int8 not null,
  output_tokens int8 not null,
  cost int8 not null,
  primary key (account_id, recorded_day, occurred_day, member_id, api_key_id, model, batched)
) with (fillfactor = 60);

-- Usage whose model had no price at the time it occurred. It enters the then-open period as soon as there is one.
create table unpriced_usage (
  account_id uuid not null references accounts (id),
  id text not null,
  day date not null,
  member_id uuid not null,
  api_key_id uuid not null,
  model text not null,
  batched boolean not null,
  input_tokens int4 not null,
  cached_input_tokens int4 not null,
  cache_write_tokens int4 not null,
  output_tokens int4 not null,
  occurred_at timestamptz not null,
  received_at timestamptz not null,
  hold_id uuid,
  batch_id text,
  metadata jsonb,
  priced_at timestamptz,
  primary key (account_id, id)
);

create index unpriced_usage_waiting on unpriced_usage (model, received_at) where priced_at is null;

-- What was not recorded and why, for operators. `event` is what was sent, shortened.
create table rejected_usage (
  id int8 generated always as identity primary key,
  account_id uuid,
  event_id text,
  code text not null,
  detail text not null,
  event jsonb not null,
  received_at timestamptz not null
);

create index rejected_usage_recent on rejected_usage (received_at);

/* The places (from 1) of those events of a flush that stand in `usage_events` already, `p_offsets` days beside their
   own; with `p_probe` only of those marked. Planned anew each time: a plan made while a day's partition was empty would
   go on to read the account's whole day for each event. */
create function usage_standing(
  g_account uuid[], p_group int4[], p_id text[], p_day date[], p_probe boolean[], p_offsets int4[]
) returns int8[] language plpgsql stable set plan_cache_mode = force_custom_plan as $$
declare
  v_days date[] := array(select distinct d.day + o.days from unnest(p_day) as d (day), unnest(p_offsets) as o (days));
begin
  return array(
    select e.place from unnest(p_group, p_id, p_day, p_probe) with ordinality as e (group_number, id, day, probe, place)
    where e.probe is not false and exists (
      select 1 from unnest(p_offsets) as o (days)
      join usage_events u on u.account_id = g_account[e.group_number] and u.id = e.id and u.day = e.day + o.days
      where u.day = any (v_days)
    )
  );
end $$;

/* What became of the events of a flush that were not recorded: they stood before, wait for a price, or their account
   is locked elsewhere. Planned anew each time, as above. */
create function usage_not_recorded(
  g_account uuid[], g_key uuid[], g_model text[], g_batched boolean[], g_price int4[], v_accounts uuid[], v_position int8[],
  p_group int4[], p_ordinal int4[], p_id text[], p_day date[],
  p_input int4[], p_cached int4[], p_written int4[], p_output int4[], p_cost int8[],
  p_occurred timestamptz[], p_hold uuid[], p_batch text[], p_metadata jsonb[]
) returns table (outcome text, event_group int4, event_ordinal int4, event_cost int8)
language plpgsql stable set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_column
begin
  return query
  select
    case
      when p.account_id is null then 'locked'
      when (u.api_key_id, u.model, u.batched, u.input, u.cached, u.written, u.output, u.occurred, u.hold, u.batch, u.metadata)
        is not distinct from (g.api_key_id, g.model, g.batched, e.input, e.cached, e.written, e.output, e.occurred, e.hold, e.batch, e.metadata)
        and (g.price_id is not null or u.cost is not distinct from e.cost)
        then 'duplicate'
      else 'conflict'
    end,
    e.group_number, e.ordinal, u.cost
  from unnest(
    p_group, p_ordinal, p_id, p_day, p_input, p_cached, p_written, p_output, p_cost, p_occurred, p_hold, p_batch, p_metadata
  ) as e (group_number, ordinal, id, day, input, cached, written, output, cost, occurred, hold, batch, metadata)
  join unnest(g_account, g_key, g_model, g_batched, g_price)
    with ordinality as g (account_id, api_key_id, model, batched, price_id, number) on g.number = e.group_number
  left join unnest(v_accounts, v_position) as p (account_id, last_position) on p.account_id = g.account_id
  left join lateral (
    select s.position, s.api_key_id, s.model, s.batched, s.input_tokens as input, s.cached_input_tokens as cached,
      s.cache_write_tokens as written, s.output_tokens as output, s.cost, s.occurred_at as occurred,
      s.hold_id as hold, s.batch_id as batch, s.metadata
    from usage_events s
    where s.account_id = g.account_id and s.id = e.id and s.day in (e.day - 1, e.day, e.day + 1)
    union all
    select null, w.api_key_id, w.model, w.batched, w.input_tokens, w.cached_input_tokens, w.cache_write_tokens,
      w.output_tokens, null, w.occurred_at, w.hold_id, w.batch_id, w.metadata
    from unpriced_usage w where w.account_id = g.account_id and w.id = e.id and w.priced_at is null
    limit 1
  ) u on true
  where u.position is null or u.position <= p.last_position;
end $$;


/* The flush: records usage events of many accounts, in one transaction, under the locks of their balance rows.

   A volatile function, so that every statement sees what was committed when it began: the first takes the locks in
   account order, the later ones read behind them. Events come grouped: `p_group` points (from 1) into the groups,
   one per account, member, key, model, tier and price. `p_ordinal` counts an account's events from 1.
   `p_probe` marks ids whose day may be told otherwise by a retry: the days beside it are searched too.
   Returns a row for each event that was not recorded: `duplicate`, `conflict`, or `locked` (with `p_skip_locked`:
   its account is locked elsewhere, nothing of it was recorded); and one `ring` for each account to be rung. */
create function record_usage(
  p_now timestamptz, p_skip_locked boolean, p_from_unpriced boolean,
  g_account uuid[], g_member uuid[], g_key uuid[], g_model text[], g_batched boolean[], g_price int4[],
  p_group int4[], p_ordinal int4[], p_id text[], p_day date[], p_probe boolean[],
  p_input int4[], p_cached int4[], p_written int4[], p_output int4[], p_cost int8[],
  p_occurred timestamptz[], p_hold uuid[], p_batch text[], p_metadata jsonb[]
) returns table (outcome text, event_group int4, event_ordinal int4, event_cost int8, account_id uuid, pending int8)
language plpgsql volatile set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  v_accounts uuid[];
  v_seq int8[];
  v_position int8[];
  v_rung boolean[];
  -- by group: of its account, null where that is locked elsewhere
  v_group_seq int8[];
  v_group_position int8[];
  -- the places in the flush of events that stand already
  v_standing int8[] := '{}';
  v_recorded int8;
  v_ring uuid[];
  v_ring_pending int8[];
  v_recorded_day date := (p_now at time zone 'UTC')::date;
begin
  if p_skip_locked then
    select array_agg(l.account_id), array_agg(l.open_seq), array_agg(l.last_position), array_agg(l.rung_at is not null)
      into v_accounts, v_seq, v_position, v_rung from (
        select b.account_id, b.open_seq, b.last_position, b.rung_at from account_balances b
        where b.account_id = any (g_account) order by b.account_id for update skip locked
      ) l;
  else
    select array_agg(l.account_id), array_agg(l.open_seq), array_agg(l.last_position), array_agg(l.rung_at is not null)
      into v_accounts, v_seq, v_position, v_rung from (
        select b.account_id, b.open_seq, b.last_position, b.rung_at from account_balances b
        where b.account_id = any (g_account) order by b.account_id for update
      ) l;
  end if;

  select array_agg(b.open_seq order by g.number), array_agg(b.last_position order by g.number)
    into v_group_seq, v_group_position
    from unnest(g_account) with ordinality as g (account_id, number)
    left join unnest(v_accounts, v_seq, v_position) as b (account_id, open_seq, last_position) on b.account_id = g.account_id;

  if true = any (p_probe) then
    v_standing := usage_standing(g_account, p_group, p_id, p_day, p_probe, array[-1, 1]);
  end if;
  if not p_from_unpriced
    and exists (select 1 from unpriced_usage w where w.account_id = any (v_accounts) and w.priced_at is null)
  then
    v_standing := v_standing || array(
      select e.place from unnest(p_group, p_id) with ordinality as e (group_number, id, place)
      join unpriced_usage w on w.account_id = g_account[e.group_number] and w.id = e.id and w.priced_at is null
    );
  end if;

  -- Nearly always all of them are new, so that is tried first: `on conflict` would look for each of them and write a
  -- WAL record more for each. The locks keep others from adding to these accounts, so the second attempt succeeds.
  -- Only this insert stands in the subtransaction: a balance row locked outside and updated inside needs a multixact.
  for v_attempt in 1..2 loop
    begin
      insert into usage_events (
        account_id, day, id, position, entry_seq, member_id, api_key_id, model, batched, price_id,
        input_tokens, cached_input_tokens, cache_write_tokens, output_tokens, cost,
        occurred_at, recorded_at, hold_id, batch_id, metadata
      )
      select
        g_account[e.group_number], e.day, e.id, v_group_position[e.group_number] + e.ordinal, v_group_seq[e.group_number],
        g_member[e.group_number], g_key[e.group_number], g_model[e.group_number], g_batched[e.group_number],
        g_price[e.group_number], e.input, e.cached, e.written, e.output, e.cost, e.occurred, p_now, e.hold, e.batch, e.metadata
      from unnest(
        p_group, p_ordinal, p_id, p_day, p_input, p_cached, p_written, p_output, p_cost, p_occurred, p_hold, p_batch, p_metadata
      ) with ordinality as e (
        group_number, ordinal, id, day, input, cached, written, output, cost, occurred, hold, batch, metadata, place
      )
      where v_group_seq[e.group_number] is not null and e.place <> all (v_standing);
      get diagnostics v_recorded = row_count;
      exit;
    exception when unique_violation then
      if v_attempt = 2 then
        raise;
      end if;
      v_standing := v_standing || usage_standing(g_account, p_group, p_id, p_day, null, array[0]);
    end;
  end loop;

  if v_recorded > 0 then
    insert into usage_rollups as r (
      account_id, recorded_day, occurred_day, member_id, api_key_id, model, batched,
      event_count, input_tokens, cached_input_tokens, cache_write_tokens, output_tokens, cost
    )
    select g_account[n.number], v_recorded_day, n.occurred_day, g_member[n.number], g_key[n.number], g_model[n.number], g_batched[n.number],
      sum(n.events), sum(n.input), sum(n.cached), sum(n.written), sum(n.output), sum(n.cost)
    from (
      select e.group_number as number, (e.occurred at time zone 'UTC')::date as occurred_day, count(*) as events,
        sum(e.input) as input, sum(e.cached) as cached, sum(e.written) as written, sum(e.output) as output, sum(e.cost) as cost
      from unnest(p_group, p_input, p_cached, p_written, p_output, p_cost, p_occurred)
        with ordinality as e (group_number, input, cached, written, output, cost, occurred, place)
      where v_group_seq[e.group_number] is not null and e.place <> all (v_standing)
      group by 1, 2
    ) n
    group by 1, 3, 4, 5, 6, 7
    on conflict (account_id, recorded_day, occurred_day, member_id, api_key_id, model, batched) do update set
      event_count = r.event_count + excluded.event_count,
      input_tokens = r.input_tokens + excluded.input_tokens,
      cached_input_tokens = r.cached_input_tokens + excluded.cached_input_tokens,
      cache_write_tokens = r.cache_write_tokens + excluded.cache_write_tokens,
      output_tokens = r.output_tokens + excluded.output_tokens,
      cost = r.cost + excluded.cost;

    with totals as (
      select g_account[e.group_number] as account_id, sum(e.cost)::int8 as cost, count(*) as events,
        max(v_group_position[e.group_number] + e.ordinal) as position
      from unnest(p_group, p_ordinal, p_cost) with ordinality as e (group_number, ordinal, cost, place)
      where v_group_seq[e.group_number] is not null and e.place <> all (v_standing)
      group by 1
    ),
    updated as (
      update account_balances b set
        pending = b.pending - t.cost,
        open_cost = b.open_cost + t.cost,
        pending_count = b.pending_count + t.events,
        last_position = t.position,
        pending_since = coalesce(b.pending_since, p_now),
        rung_at = case when b.posted + b.pending - t.cost < b.low_water then coalesce(b.rung_at, p_now) else b.rung_at end
      from totals t where b.account_id = t.account_id
      returning b.account_id, b.pending, b.rung_at
    )
    select array_agg(u.account_id), array_agg(u.pending) into v_ring, v_ring_pending
      from updated u join unnest(v_accounts, v_rung) as l (account_id, rung) on l.account_id = u.account_id
      where u.rung_at is not null and not l.rung;
  end if;

  return query select 'ring'::text, null::int4, null::int4, null::int8, r.account_id, r.pending
    from unnest(v_ring, v_ring_pending) as r (account_id, pending);
  if v_recorded = cardinality(p_id) then
    return;
  end if;

  return query select n.outcome, n.event_group, n.event_ordinal, n.event_cost, null::uuid, null::int8
    from usage_not_recorded(
      g_account, g_key, g_model, g_batched, g_price, v_accounts, v_position,
      p_group, p_ordinal, p_id, p_day, p_input, p_cached, p_written, p_output, p_cost, p_occurred, p_hold, p_batch, p_metadata
    ) n;
end $$;

/* Stores one event that has no price, once per id: the same id elsewhere, priced or not, is found first. */
create function store_unpriced_usage(
  p_account uuid, p_id text, p_day date, p_member uuid, p_key uuid, p_model text, p_batched boolean,
  p_input int4, p_cached int4, p_written int4, p_output int4, p_occurred timestamptz, p_now timestamptz,
  p_hold uuid, p_batch text, p_metadata jsonb
) returns text language plpgsql volatile as $$
declare
  v_same boolean;
begin
  perform 1 from account_balances where account_id = p_account for update;
  select (s.api_key_id, s.model, s.batched, s.input_tokens, s.cached_input_tokens, s.cache_write_tokens, s.output_tokens,
      s.occurred_at, s.hold_id, s.batch_id, s.metadata)
    is not distinct from (p_key, p_model, p_batched, p_input, p_cached, p_written, p_output, p_occurred, p_hold, p_batch, p_metadata)
    into v_same
    from (
      select api_key_id, model, batched, input_tokens, cached_input_tokens, cache_write_tokens, output_tokens, occurred_at,
        hold_id, batch_id, metadata
      from usage_events where account_id = p_account and id = p_id and day in (p_day - 1, p_day, p_day + 1)
      union all
      select api_key_id, model, batched, input_tokens, cached_input_tokens, cache_write_tokens, output_tokens, occurred_at,
        hold_id, batch_id, metadata
      from unpriced_usage where account_id = p_account and id = p_id
      limit 1
    ) s;
  if found then
    return case when v_same then 'duplicate' else 'conflict' end;
  end if;
  insert into unpriced_usage (account_id, id, day, member_id, api_key_id, model, batched, input_tokens, cached_input_tokens,
      cache_write_tokens, output_tokens, occurred_at, received_at, hold_id, batch_id, metadata)
    values (p_account, p_id, p_day, p_member, p_key, p_model, p_batched, p_input, p_cached,
      p_written, p_output, p_occurred, p_now, p_hold, p_batch, p_metadata);
  return 'recorded';
end $$;
