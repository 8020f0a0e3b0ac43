-- Sign-in: the second factor, when a session was last used, counted attempts, and mails about all of it.
-- Links in mails are secrets: they are in the outbox until they are sent, and nowhere after that.

alter table auth.people add column two_factor_enabled boolean not null default false;

/* The sign-in library's own table, in our words: secret and codes are encrypted by it. */
create table auth.two_factors (
  id uuid primary key,
  person_id uuid not null references auth.people (id) on delete cascade,
  secret text not null,
  backup_codes text not null,
  verified boolean not null default true,
  failed_verification_count int4 not null default 0,
  locked_until timestamptz
);
create index two_factors_by_secret on auth.two_factors (secret);
create index two_factors_of_person on auth.two_factors (person_id);

-- null: not since it was made; brought up to date once a minute at most
alter table auth.sessions add column last_seen_at timestamptz;

/* Whoever signs in sweeps up after their sessions that have expired. */
create function drop_expired_sessions() returns trigger language plpgsql as $$
begin
  delete from auth.sessions where person_id = new.person_id and expires_at < new.created_at;
  return null;
end $$;
create trigger sessions_replace_expired after insert on auth.sessions
  for each row execute function drop_expired_sessions();

/* Attempts per key within a window of time. Columns and their order are those of rate-limiter-flexible; a key names the
   limit and whose attempt it was, people's addresses only as hashes. `expire` is in milliseconds since 1970. */
create table rate_limits (
  key text primary key,
  points int4 not null default 0,
  expire int8
);
create index rate_limits_expired on rate_limits (expire);

/* A notice that is sent, or given up, keeps no link that somebody could follow, and no address (`to`: where it goes
   instead of the person's own). */
create function scrub_notice() returns trigger language plpgsql as $$
begin
  new.details := new.details - array['link', 'linkUntil', 'newEmail', 'secret', 'to'];
  return new;
end $$;
create trigger notices_keep_no_link before update on notices
  for each row when (new.next_try_at is null and new.details ?| array['link', 'secret', 'to']) execute function scrub_notice();

/* Another password, another address or a second factor: the person is told, and what was opened before it ends. The
   time is the row's own, which the sign-in library has just set. */
create function follow_password() returns trigger language plpgsql as $$
begin
  -- links to choose another one, and second factors that were asked for after the old one
  delete from auth.verifications where value = new.person_id::text;
  perform tell_person('password-changed:' || uuid_v7(new.updated_at), 'password-changed', new.person_id, null, '{}', new.updated_at);
  return null;
end $$;
create trigger passwords_followed after update of password on auth.credentials
  for each row when (old.password is not null and new.password is distinct from old.password)
  execute function follow_password();

create function follow_two_factor() returns trigger language plpgsql as $$
begin
  if new.two_factor_enabled then
    -- sessions that were opened with a password alone
    delete from auth.sessions where person_id = new.id;
  end if;
  perform tell_person('two-factor:' || uuid_v7(new.updated_at),
    case when new.two_factor_enabled then 'two-factor-enabled' else 'two-factor-disabled' end, new.id, null, '{}', new.updated_at);
  return null;
end $$;
create trigger two_factor_followed after update of two_factor_enabled on auth.people
  for each row when (new.two_factor_enabled is distinct from old.two_factor_enabled) execute function follow_two_factor();

/* A link that was sent to an earlier address opens nothing any more, and that address is told. */
create function follow_email() returns trigger language plpgsql as $$
begin
  delete from auth.verifications where value = new.id::text;
  perform tell_person('email-changed:' || uuid_v7(new.updated_at), 'email-changed', new.id, null,
    jsonb_build_object('to', old.email), new.updated_at);
  return null;
end $$;
create trigger emails_followed after update of email on auth.people
  for each row when (new.email is distinct from old.email) execute function follow_email();
