-- People: who signs in, the organizations they share, and the keys and tokens programs use for them.
-- Schema `auth` belongs to the sign-in library (better-auth 1.7), with its tables and columns in our words: a
-- `person` is its user, a `credential` its account. A test compares these tables with what the library expects.

-- One row: the currency every account of this deployment is kept in.
create table deployment (
  only_row boolean primary key default true constraint deployment_only_row check (only_row),
  currency text not null constraint deployment_currency check (currency ~ '^[a-z]{3}$')
);
insert into deployment (currency) values ('usd');

create schema auth;

create table auth.people (
  id uuid primary key,
  name text not null,
  email text not null constraint person_email_unique unique,
  email_verified boolean not null default false,
  image text,
  created_at timestamptz not null,
  updated_at timestamptz not null
);

create table auth.credentials (
  id uuid primary key,
  person_id uuid not null references auth.people (id) on delete cascade,
  provider_id text not null,
  -- the person's id at that provider, no account of ours
  subject text not null,
  password text,
  access_token text,
  refresh_token text,
  id_token text,
  access_token_expires_at timestamptz,
  refresh_token_expires_at timestamptz,
  scope text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint credential_unique unique (provider_id, subject)
);
create index credentials_of_person on auth.credentials (person_id);

create table auth.organizations (
  id uuid primary key,
  name text not null,
  slug text not null constraint organization_slug_unique unique,
  logo text,
  metadata text,
  created_at timestamptz not null
);

create table auth.members (
  id uuid primary key,
  organization_id uuid not null references auth.organizations (id),
  person_id uuid not null references auth.people (id),
  role text not null constraint member_role check (role in ('owner', 'admin', 'member')),
  created_at timestamptz not null,
  constraint member_unique unique (organization_id, person_id)
);
create index members_of_person on auth.members (person_id);

create table auth.invitations (
  id uuid primary key,
  organization_id uuid not null references auth.organizations (id),
  email text not null,
  role text constraint invitation_role check (role in ('owner', 'admin', 'member')),
  status text not null default 'pending',
  inviter_id uuid not null references auth.people (id),
  expires_at timestamptz not null,
  created_at timestamptz not null
);
create index invitations_of_organization on auth.invitations (organization_id);
create index invitations_to_email on auth.invitations (email);

create table auth.sessions (
  id uuid primary key,
  person_id uuid not null references auth.people (id) on delete cascade,
  token text not null constraint session_token_unique unique,
  expires_at timestamptz not null,
  ip_address text,
  user_agent text,
  active_organization_id uuid references auth.organizations (id) on delete set null,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index sessions_of_person on auth.sessions (person_id);

create table auth.verifications (
  id uuid primary key,
  identifier text not null,
  value text not null,
  expires_at timestamptz not null,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index verifications_by_identifier on auth.verifications (identifier);

/* A UUIDv7 of a moment: PostgreSQL has its own only since 18. */
create function uuid_v7(p_at timestamptz) returns uuid language sql volatile as $$
  select encode(
    set_bit(set_bit(
      overlay(uuid_send(gen_random_uuid())
        placing substring(int8send(floor(extract(epoch from p_at) * 1000)::int8) from 3) from 1 for 6),
      52, 1), 53, 1),
    'hex')::uuid
$$;

/* Whoever can pay has an account from the first moment: the owner's row and the account commit together. */
create function open_owner_account() returns trigger language plpgsql as $$
begin
  perform create_account(uuid_v7(new.created_at), tg_argv[0], new.id, (select currency from deployment), new.created_at);
  return null;
end $$;

create trigger people_have_an_account after insert on auth.people
  for each row execute function open_owner_account('person');
create trigger organizations_have_an_account after insert on auth.organizations
  for each row execute function open_owner_account('organization');

/* An organization never has zero owners. Judged at commit, with the organization locked, so that owners who leave
   at the same moment are judged one after the other; within a transaction, ownership may change hands in any order.
   (A repeatable-read snapshot could not see the other one, hence the refusal of it.) */
create function require_owner() returns trigger language plpgsql as $$
declare
  v_organization uuid;
begin
  if tg_op = 'INSERT' then
    v_organization := new.id;
  else
    v_organization := old.organization_id;
  end if;
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'owners change only under read committed';
  end if;
  perform 1 from auth.organizations where id = v_organization for update;
  if not found then
    return null;
  end if;
  perform 1 from auth.members where organization_id = v_organization and role = 'owner';
  if not found then
    perform refuse('last-owner', 'An organization always has an owner: make somebody else an owner first.');
  end if;
  return null;
end $$;

create constraint trigger organizations_start_with_an_owner after insert on auth.organizations
  deferrable initially deferred for each row execute function require_owner();
create constraint trigger members_leave_an_owner after update or delete on auth.members
  deferrable initially deferred for each row when (old.role = 'owner') execute function require_owner();

/* A membership is made and unmade; who it is of and where never changes. */
create function keep_membership() returns trigger language plpgsql as $$
begin
  perform refuse('record-immutable', 'a membership changes only its role');
  return null;
end $$;

create trigger members_keep_their_person before update of organization_id, person_id on auth.members
  for each row when (old.organization_id <> new.organization_id or old.person_id <> new.person_id)
  execute function keep_membership();

create table api_keys (
  id uuid primary key,
  -- who pays
  account_id uuid not null references accounts (id),
  -- who is accountable: the person's id
  member_id uuid not null references auth.people (id),
  name text not null,
  -- SHA-256 of the secret, which is nowhere
  secret_hash bytea not null constraint api_key_secret_unique unique
    constraint api_key_secret_hash check (octet_length(secret_hash) = 32),
  -- the first characters of the secret, by which people recognise it
  prefix text not null,
  created_at timestamptz not null,
  created_by uuid not null references auth.people (id),
  expires_at timestamptz constraint api_key_expiry check (expires_at > created_at),
  revoked_at timestamptz,
  revoked_by uuid references auth.people (id),
  constraint api_key_revocation check ((revoked_at is null) = (revoked_by is null))
);
create index api_keys_of_account on api_keys (account_id, id);
create index api_keys_of_member on api_keys (member_id);

/* A key is made for a current member of the organization that pays, or for the person whose own account pays. The
   membership stays locked until the key is stored: a member removed meanwhile takes no new key along. */
create function require_key_member() returns trigger language plpgsql as $$
declare
  a accounts%rowtype;
begin
  select * into a from accounts where id = new.account_id;
  perform 1 from account_balances where account_id = new.account_id and state = 'closed';
  if found then
    perform refuse('account-closed', 'The account is closed: it pays for nothing any more.');
  end if;
  if a.owner_type = 'person' then
    perform 1 where a.owner_id = new.member_id;
  else
    perform 1 from auth.members m where m.organization_id = a.owner_id and m.person_id = new.member_id for key share;
  end if;
  if not found then
    perform refuse('account-not-found', 'There is no such account, or it is not yours.');
  end if;
  return new;
end $$;

create trigger api_keys_have_a_member before insert on api_keys
  for each row execute function require_key_member();

/* What a key is never changes, and a revoked one stays revoked. */
create function keep_api_key() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' or new.id <> old.id or new.account_id <> old.account_id or new.secret_hash <> old.secret_hash
    or new.created_at <> old.created_at or new.created_by <> old.created_by
    or (old.revoked_at is not null
      and (new.revoked_at is distinct from old.revoked_at or new.revoked_by is distinct from old.revoked_by)) then
    perform refuse('record-immutable', format('API key %s stays what it is', old.id));
  end if;
  return new;
end $$;

create trigger api_keys_stay before update or delete on api_keys
  for each row execute function keep_api_key();

create table service_tokens (
  id uuid primary key,
  kind text not null constraint service_token_kind check (kind in ('gateway', 'operator')),
  name text not null,
  token_hash bytea not null constraint service_token_secret_unique unique
    constraint service_token_hash check (octet_length(token_hash) = 32),
  scopes text[] not null,
  created_at timestamptz not null,
  expires_at timestamptz constraint service_token_expiry check (expires_at > created_at),
  revoked_at timestamptz
);

/* Every process keeps keys and tokens in memory for a short while; it forgets the one whose id is announced. */
create function announce_change() returns trigger language plpgsql as $$
begin
  perform pg_notify(tg_table_name, new.id::text);
  return null;
end $$;

create trigger api_keys_announced after insert or update on api_keys
  for each row execute function announce_change();
create trigger service_tokens_announced after insert or update on service_tokens
  for each row execute function announce_change();
