-- API keys and tokens: secrets that are replaced, holders that change, last use, who made and who ended them, and the
-- audit of all that.

/* Who acts, as the transaction was told; without that, the system. */
create or replace function acting_kind() returns text language sql stable as $$
  select coalesce(nullif(current_setting('coffer.actor_kind', true), ''), 'system')
$$;
create or replace function acting_id() returns uuid language sql stable as $$
  select nullif(current_setting('coffer.actor_id', true), '')::uuid
$$;

-- Whoever acts makes and ends a key: a person, a program of the organization, an operator, the system.
alter table api_keys
  drop constraint api_key_revocation,
  drop constraint api_keys_created_by_fkey,
  drop constraint api_keys_revoked_by_fkey,
  alter column created_by drop not null,
  add column created_by_kind text not null default 'person'
    constraint api_key_maker check (created_by_kind in ('person', 'operator', 'organization', 'system')),
  add column revoked_by_kind text
    constraint api_key_revoker check (revoked_by_kind in ('person', 'operator', 'organization', 'system')),
  -- when its secret was last replaced
  add column rotated_at timestamptz;
drop trigger api_keys_stay on api_keys;
update api_keys set revoked_by_kind = 'person' where revoked_at is not null;
alter table api_keys
  alter column created_by_kind drop default,
  add constraint api_key_revocation check ((revoked_at is null) = (revoked_by_kind is null));

-- The secrets of a key: one without end, and those it replaced, which work on for the grace that was chosen.
create table api_key_secrets (
  -- SHA-256 of the secret, which is nowhere
  hash bytea primary key constraint api_key_secret_hash check (octet_length(hash) = 32),
  api_key_id uuid not null references api_keys (id),
  -- its first characters, by which people recognise it
  prefix text not null,
  created_at timestamptz not null,
  -- usage from then on is refused
  ends_at timestamptz
);
create unique index api_key_secret_in_force on api_key_secrets (api_key_id) where ends_at is null;
create index api_key_secrets_of_key on api_key_secrets (api_key_id);
insert into api_key_secrets (hash, api_key_id, prefix, created_at)
  select secret_hash, id, prefix, created_at from api_keys;
alter table api_keys drop column secret_hash;

/* A secret is of one key for ever, and its end only comes nearer. */
create function keep_api_key_secret() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' or new.hash <> old.hash or new.api_key_id <> old.api_key_id or new.prefix <> old.prefix
    or new.created_at <> old.created_at or (old.ends_at is not null and (new.ends_at is null or new.ends_at > old.ends_at)) then
    perform refuse('record-immutable', format('a secret of API key %s stays what it is', old.api_key_id));
  end if;
  return new;
end $$;
create trigger api_key_secrets_stay before update or delete on api_key_secrets
  for each row execute function keep_api_key_secret();

-- Who answered for a key since when. Usage is its holder's at the time it occurred, however late it arrives.
create table api_key_holders (
  api_key_id uuid not null references api_keys (id),
  since timestamptz not null,
  member_id uuid not null references auth.people (id),
  primary key (api_key_id, since)
);
insert into api_key_holders (api_key_id, since, member_id) select id, created_at, member_id from api_keys;
create trigger api_key_holders_immutable before update or delete on api_key_holders
  for each row execute function refuse_change();

create function first_api_key_holder() returns trigger language plpgsql as $$
begin
  insert into api_key_holders (api_key_id, since, member_id) values (new.id, new.created_at, new.member_id);
  return null;
end $$;
create trigger api_keys_have_a_holder after insert on api_keys for each row execute function first_api_key_holder();

/* A key is made for a current member of the organization that pays, or for the person whose own account pays. Account
   and membership stay locked until it is stored: neither an account closed nor a member removed meanwhile takes a key
   along that nobody ends. */
create or replace function require_key_member() returns trigger language plpgsql as $$
declare
  a accounts%rowtype;
begin
  new.created_by_kind := acting_kind();
  new.created_by := acting_id();
  perform 1 from account_balances where account_id = new.account_id for update;
  perform 1 from account_balances where account_id = new.account_id and state = 'closed';
  if found then
    perform refuse('account-closed', 'The account is closed: it pays for nothing any more.');
  end if;
  select * into a from accounts where id = new.account_id;
  if a.owner_type = 'person' then
    perform 1 where a.owner_id = new.member_id;
  else
    perform 1 from auth.members m where m.organization_id = a.owner_id and m.person_id = new.member_id for key share;
  end if;
  if not found then
    if new.created_by_kind = 'organization' then
      perform refuse('member-not-found', 'There is no such member: a key is made for a current member.');
    end if;
    perform refuse('account-not-found', 'There is no such account, or it is not yours.');
  end if;
  return new;
end $$;

/* What a key is never changes, whose it is only by being handed over, and a revoked one stays revoked. */
create or replace function keep_api_key() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' or new.id <> old.id or new.account_id <> old.account_id
    or new.created_at <> old.created_at or new.created_by_kind <> old.created_by_kind
    or new.created_by is distinct from old.created_by
    or (new.member_id <> old.member_id and new.member_id is distinct from
      (select member_id from api_key_holders where api_key_id = old.id order by since desc limit 1))
    or (old.revoked_at is not null
      and (new.revoked_at, new.revoked_by_kind, new.revoked_by) is distinct from (old.revoked_at, old.revoked_by_kind, old.revoked_by)) then
    perform refuse('record-immutable', format('API key %s stays what it is', old.id));
  end if;
  if old.revoked_at is null and new.revoked_at is not null then
    new.revoked_by_kind := acting_kind();
    new.revoked_by := acting_id();
  end if;
  return new;
end $$;
create trigger api_keys_stay before update or delete on api_keys for each row execute function keep_api_key();

/* Hands a key to another member of its organization: the same key and secret, accounted to that member from `p_now` on
   (strictly after whoever held it before). Refuses with `api-key-unknown`, `member-not-found` for whoever is no current
   member, and `api-key-inactive`. Locks the account's balance row, the membership, then the key. */
create function hand_over_api_key(p_key uuid, p_to uuid, p_now timestamptz) returns void language plpgsql as $$
declare
  a accounts%rowtype;
  k api_keys%rowtype;
begin
  select accounts.* into a from api_keys join accounts on accounts.id = api_keys.account_id where api_keys.id = p_key;
  if not found then
    perform refuse('api-key-unknown', 'There is no such API key.');
  end if;
  perform 1 from account_balances where account_id = a.id for update;
  if a.owner_type = 'person' then
    perform 1 where a.owner_id = p_to;
  else
    perform 1 from auth.members m where m.organization_id = a.owner_id and m.person_id = p_to for key share;
  end if;
  if not found then
    perform refuse('member-not-found', 'There is no such member: a key is handed to a current member.');
  end if;
  select * into k from api_keys where id = p_key for update;
  if k.revoked_at is not null or k.expires_at <= p_now then
    perform refuse('api-key-inactive', 'The API key is revoked or has expired.');
  end if;
  if k.member_id = p_to then
    return;
  end if;
  insert into api_key_holders (api_key_id, since, member_id)
    select p_key, greatest(p_now, max(since) + interval '1 millisecond'), p_to from api_key_holders where api_key_id = p_key;
  update api_keys set member_id = p_to where id = p_key;
end $$;

/* Ends the keys of an account that are still alive, all or those of one member. */
create function revoke_api_keys(p_account uuid, p_member uuid, p_now timestamptz) returns void language plpgsql as $$
begin
  perform 1 from api_keys where account_id = p_account and (p_member is null or member_id = p_member)
    and revoked_at is null order by id for update;
  update api_keys set revoked_at = p_now where account_id = p_account and (p_member is null or member_id = p_member)
    and revoked_at is null;
end $$;

/* Whoever is no member any more has no key there either: what was not handed over before ends with the membership. */
create function revoke_keys_of_member() returns trigger language plpgsql as $$
begin
  perform revoke_api_keys(account_of_organization(old.organization_id), old.person_id, acting_now());
  return null;
end $$;
create trigger members_take_their_keys_along after delete on auth.members
  for each row execute function revoke_keys_of_member();

create function audited_api_key(k api_keys) returns jsonb language sql stable as $$
  select jsonb_build_object('name', k.name, 'memberId', k.member_id, 'prefix', k.prefix, 'expiresAt', k.expires_at,
    'rotatedAt', k.rotated_at, 'revokedAt', k.revoked_at)
$$;

/* Of `p_one`, what differs in `p_other`. */
create function differing(p_one jsonb, p_other jsonb) returns jsonb language sql immutable as $$
  select jsonb_object_agg(key, value) from jsonb_each(p_one) where value is distinct from p_other -> key
$$;

/* One line a change. Of a rotation it also says until when the replaced secrets work. */
create function audit_api_key() returns trigger language plpgsql as $$
declare
  v_before jsonb := audited_api_key(old);
  v_after jsonb := audited_api_key(new);
begin
  if tg_op = 'INSERT' then
    perform audit(new.account_id, 'api-key.created', 'api-key', new.id::text, null, jsonb_strip_nulls(v_after));
    return null;
  end if;
  perform audit(new.account_id,
    case
      when new.revoked_at is distinct from old.revoked_at then 'api-key.revoked'
      when new.member_id <> old.member_id then 'api-key.handed-over'
      when new.rotated_at is distinct from old.rotated_at then 'api-key.rotated'
      when new.expires_at is not distinct from old.expires_at then 'api-key.renamed'
      when new.name = old.name then 'api-key.expiry-changed'
      else 'api-key.changed'
    end,
    'api-key', new.id::text, differing(v_before, v_after),
    differing(v_after, v_before) || case
      when new.rotated_at is distinct from old.rotated_at then jsonb_build_object('replacedSecretsEndAt',
        (select max(ends_at) from api_key_secrets where api_key_id = new.id))
      else '{}'
    end);
  return null;
end $$;
create trigger api_keys_audited after insert on api_keys for each row execute function audit_api_key();
create trigger api_key_changes_audited after update on api_keys for each row
  when (old.* is distinct from new.*) execute function audit_api_key();

-- Tokens are made and revoked, and nothing else; that they are used is noted once a minute at most.
alter table service_tokens
  add column revoked_by_kind text
    constraint service_token_revoker check (revoked_by_kind in ('person', 'operator', 'organization', 'system'));
update service_tokens set
  revoked_by_kind = case when revoked_at is not null then 'system' end,
  expires_at = case kind when 'gateway' then expires_at else least(expires_at, created_at + interval '366 days') end;
alter table service_tokens
  -- a gateway's may last: usage must go on; what reads and moves credit is renewed at least once a year
  add constraint service_token_lifetime check (kind = 'gateway' or coalesce(expires_at <= created_at + interval '366 days', false)),
  add constraint service_token_revocation check ((revoked_at is null) = (revoked_by_kind is null));

create function keep_service_token() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' or (new.id, new.kind, new.name, new.token_hash, new.scopes, new.created_at, new.prefix)
      is distinct from (old.id, old.kind, old.name, old.token_hash, old.scopes, old.created_at, old.prefix)
    or (new.expires_at, new.organization_id, new.created_by) is distinct from (old.expires_at, old.organization_id, old.created_by)
    or (old.revoked_at is not null
      and (new.revoked_at, new.revoked_by_kind, new.revoked_by) is distinct from (old.revoked_at, old.revoked_by_kind, old.revoked_by)) then
    perform refuse('record-immutable', format('token %s stays what it is', old.id));
  end if;
  if old.revoked_at is null and new.revoked_at is not null then
    new.revoked_by_kind := acting_kind();
    new.revoked_by := acting_id();
  end if;
  return new;
end $$;
create trigger service_tokens_stay before update or delete on service_tokens
  for each row execute function keep_service_token();

create function audit_service_token() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    perform audit(account_of_organization(new.organization_id), 'token.created', 'token', new.id::text, null,
      jsonb_strip_nulls(jsonb_build_object('kind', new.kind, 'name', new.name, 'scopes', to_jsonb(new.scopes),
        'prefix', new.prefix, 'expiresAt', new.expires_at)));
  else
    perform audit(account_of_organization(new.organization_id), 'token.revoked', 'token', new.id::text,
      jsonb_build_object('revokedAt', null), jsonb_build_object('revokedAt', new.revoked_at));
  end if;
  return null;
end $$;
create trigger service_tokens_audited after insert on service_tokens for each row execute function audit_service_token();
create trigger service_token_revocations_audited after update of revoked_at on service_tokens for each row
  when (old.revoked_at is distinct from new.revoked_at) execute function audit_service_token();

create trigger service_tokens_named after insert on service_tokens for each row execute function keep_name();
insert into names (subject_id, since, name) select id, created_at, name from service_tokens;

-- That a token was used is nobody's business but its list's: no process forgets anything for it.
drop trigger service_tokens_announced on service_tokens;
create trigger service_tokens_announced after insert or update of revoked_at on service_tokens
  for each row execute function announce_change();

/* With an account end its keys and the tokens of its organization's programs. */
create function end_keys_and_tokens() returns trigger language plpgsql as $$
begin
  perform revoke_api_keys(new.account_id, null, acting_now());
  update service_tokens set revoked_at = acting_now()
    where revoked_at is null
      and organization_id = (select owner_id from accounts where id = new.account_id and owner_type = 'organization');
  return null;
end $$;
create trigger closed_accounts_end_keys_and_tokens after update of state on account_balances
  for each row when (old.state <> 'closed' and new.state = 'closed') execute function end_keys_and_tokens();

-- When a key was last used stands in its rollups, which a flush keeps anyway. The index has no column that changes, so
-- that a flush goes on updating rollups without touching an index.
alter table usage_rollups add column last_occurred_at timestamptz;
update usage_rollups r set last_occurred_at = e.last from (
  select account_id, (recorded_at at time zone 'UTC')::date as recorded_day, (occurred_at at time zone 'UTC')::date as occurred_day,
    member_id, api_key_id, model, batched, max(occurred_at) as last
  from usage_events group by 1, 2, 3, 4, 5, 6, 7
) e
where (r.account_id, r.recorded_day, r.occurred_day, r.member_id, r.api_key_id, r.model, r.batched)
  = (e.account_id, e.recorded_day, e.occurred_day, e.member_id, e.api_key_id, e.model, e.batched);
alter table usage_rollups alter column last_occurred_at set not null;
create index usage_rollups_of_key on usage_rollups (api_key_id, recorded_day);

/* When the newest usage of a key occurred; null: it was never used. What is recorded on its last day occurred within
   35 days before, so older rows cannot know better. */
create function api_key_last_used(p_key uuid) returns timestamptz language sql stable as $$
  select max(last_occurred_at) from usage_rollups
    where api_key_id = p_key and recorded_day >= (select max(recorded_day) - 36 from usage_rollups where api_key_id = p_key)
$$;

/* What a key spent since a day, by when it was recorded. */
create function api_key_spent(p_key uuid, p_since date) returns int8 language sql stable as $$
  select coalesce(sum(cost), 0)::int8 from usage_rollups where api_key_id = p_key and recorded_day >= p_since
$$;

/* The flush: records usage events of many accounts, in one transaction, under the locks of their balance rows.

   A volatile function, so that every statement sees what was committed when it began: the first takes the locks in
   account order, the later ones read behind them. Events come grouped: `p_group` points (from 1) into the groups,
   one per account, member, key, model, tier and price. `p_ordinal` counts an account's events from 1.
   `p_probe` marks ids whose day may be told otherwise by a retry: the days beside it are searched too.
   Returns a row for each event that was not recorded: `duplicate`, `conflict`, or `locked` (with `p_skip_locked`:
   its account is locked elsewhere, nothing of it was recorded); and one `ring` for each account to be rung. */
create or replace function record_usage(
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
      event_count, input_tokens, cached_input_tokens, cache_write_tokens, output_tokens, cost, last_occurred_at
    )
    select g_account[n.number], v_recorded_day, n.occurred_day, g_member[n.number], g_key[n.number], g_model[n.number], g_batched[n.number],
      sum(n.events), sum(n.input), sum(n.cached), sum(n.written), sum(n.output), sum(n.cost), max(n.last)
    from (
      select e.group_number as number, (e.occurred at time zone 'UTC')::date as occurred_day, count(*) as events,
        sum(e.input) as input, sum(e.cached) as cached, sum(e.written) as written, sum(e.output) as output, sum(e.cost) as cost,
        max(e.occurred) as last
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
      cost = r.cost + excluded.cost,
      last_occurred_at = greatest(r.last_occurred_at, excluded.last_occurred_at);

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

/* Makes the partitions of the days from `p_from` to `p_to`; those that exist stay. Safe to run at once from two processes:
   behind the lock the catalogue is read by a query, because what `to_regclass` did not find before is remembered. */
create or replace function ensure_usage_days(p_from date, p_to date) returns void language plpgsql as $$
declare
  v_day date;
  v_name text;
begin
  for v_day in select generate_series(p_from, p_to, interval '1 day')::date loop
    v_name := 'usage_events_' || to_char(v_day, 'YYYYMMDD');
    if to_regclass(v_name) is null then
      perform pg_advisory_xact_lock(hashtextextended('usage_events', 0));
      if not exists (
        select from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'usage_events'::regclass and c.relname = v_name
      ) then
        execute format('create table %I partition of usage_events for values from (%L) to (%L)', v_name, v_day, v_day + 1);
        execute format('create trigger not_truncated before truncate on %I for each statement execute function refuse_change()', v_name);
      end if;
    end if;
  end loop;
end $$;
