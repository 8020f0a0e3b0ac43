-- The schema that the migrations lead to, for reading and for reviewing a change of it.
-- Written by `npm run schema`; not edited by hand. The partitions of usage_events are made at run time.

set check_function_bodies = off;

-- Schemas

create schema auth;

-- Types

create type public.entry_type as enum ('usage', 'top-up', 'refund', 'refund-reversed', 'dispute', 'dispute-reinstated', 'grant', 'adjustment');
create type public.ledger_account as enum ('credit', 'stripe', 'revenue', 'grants', 'adjustments');

-- Tables

create table auth.credentials (
  id uuid not null,
  person_id uuid not null,
  provider_id text not null,
  subject text not null,
  password text,
  access_token text,
  refresh_token text,
  id_token text,
  access_token_expires_at timestamp with time zone,
  refresh_token_expires_at timestamp with time zone,
  scope text,
  created_at timestamp with time zone not null,
  updated_at timestamp with time zone not null,
  constraint credentials_pkey PRIMARY KEY (id),
  constraint credential_unique UNIQUE (provider_id, subject)
);

create table auth.invitations (
  id uuid not null,
  organization_id uuid not null,
  email text not null,
  role text not null,
  status text default 'pending'::text not null,
  inviter_id uuid not null,
  expires_at timestamp with time zone not null,
  created_at timestamp with time zone not null,
  secret_hash bytea not null,
  sent_at timestamp with time zone not null,
  sends integer default 1 not null,
  ended_at timestamp with time zone,
  constraint invitations_pkey PRIMARY KEY (id),
  constraint invitation_secret_unique UNIQUE (secret_hash),
  constraint invitation_email CHECK ((email = lower(email))),
  constraint invitation_ended CHECK (((status = 'pending'::text) = (ended_at IS NULL))),
  constraint invitation_role CHECK ((role = ANY (ARRAY['owner'::text, 'admin'::text, 'member'::text]))),
  constraint invitation_secret_hash CHECK ((octet_length(secret_hash) = 32)),
  constraint invitation_status CHECK ((status = ANY (ARRAY['pending'::text, 'accepted'::text, 'declined'::text, 'revoked'::text, 'expired'::text])))
);

create table auth.members (
  id uuid not null,
  organization_id uuid not null,
  person_id uuid not null,
  role text not null,
  created_at timestamp with time zone not null,
  invitation_id uuid,
  constraint members_pkey PRIMARY KEY (id),
  constraint member_unique UNIQUE (organization_id, person_id),
  constraint member_role CHECK ((role = ANY (ARRAY['owner'::text, 'admin'::text, 'member'::text])))
);

create table auth.organizations (
  id uuid not null,
  name text not null,
  slug text not null,
  logo text,
  metadata text,
  created_at timestamp with time zone not null,
  closed_at timestamp with time zone,
  constraint organizations_pkey PRIMARY KEY (id),
  constraint "slug-taken" UNIQUE (slug)
);

create table auth.people (
  id uuid not null,
  name text not null,
  email text not null,
  email_verified boolean default false not null,
  image text,
  created_at timestamp with time zone not null,
  updated_at timestamp with time zone not null,
  two_factor_enabled boolean default false not null,
  erased_at timestamp with time zone,
  constraint people_pkey PRIMARY KEY (id),
  constraint person_email_unique UNIQUE (email)
);

create table auth.sessions (
  id uuid not null,
  person_id uuid not null,
  token text not null,
  expires_at timestamp with time zone not null,
  ip_address text,
  user_agent text,
  active_organization_id uuid,
  created_at timestamp with time zone not null,
  updated_at timestamp with time zone not null,
  last_seen_at timestamp with time zone,
  constraint sessions_pkey PRIMARY KEY (id),
  constraint session_token_unique UNIQUE (token)
);

create table auth.two_factors (
  id uuid not null,
  person_id uuid not null,
  secret text not null,
  backup_codes text not null,
  verified boolean default true not null,
  failed_verification_count integer default 0 not null,
  locked_until timestamp with time zone,
  constraint two_factors_pkey PRIMARY KEY (id)
);

create table auth.verifications (
  id uuid not null,
  identifier text not null,
  value text not null,
  expires_at timestamp with time zone not null,
  created_at timestamp with time zone not null,
  updated_at timestamp with time zone not null,
  constraint verifications_pkey PRIMARY KEY (id)
);

create table public.account_balances (
  account_id uuid not null,
  epoch bigint default 0 not null,
  open_seq bigint default 1 not null,
  posted bigint default 0 not null,
  pending bigint default 0 not null,
  open_cost bigint default 0 not null,
  pending_count bigint default 0 not null,
  commands_waiting integer default 0 not null,
  held bigint default 0 not null,
  last_position bigint default 0 not null,
  pending_since timestamp with time zone,
  rung_at timestamp with time zone,
  rings_repeated integer default 0 not null,
  ring_again_at timestamp with time zone,
  low_water bigint default 0 not null,
  overdraft bigint default 0 not null,
  state text default 'open'::text not null,
  constraint account_balances_pkey PRIMARY KEY (account_id),
  constraint account_state CHECK ((state = ANY (ARRAY['open'::text, 'frozen'::text, 'closed'::text]))),
  constraint held_positive CHECK ((held >= 0)),
  constraint open_cost_positive CHECK ((open_cost >= 0)),
  constraint overdraft_positive CHECK ((overdraft >= 0))
) with (fillfactor=40);

create table public.accounts (
  id uuid not null,
  owner_type text not null,
  owner_id uuid not null,
  currency text not null,
  created_at timestamp with time zone not null,
  constraint accounts_pkey PRIMARY KEY (id),
  constraint account_owner_unique UNIQUE (owner_type, owner_id),
  constraint account_currency CHECK ((currency ~ '^[a-z]{3}$'::text)),
  constraint account_owner_type CHECK ((owner_type = ANY (ARRAY['organization'::text, 'person'::text])))
);

create table public.api_key_holders (
  api_key_id uuid not null,
  since timestamp with time zone not null,
  member_id uuid not null,
  constraint api_key_holders_pkey PRIMARY KEY (api_key_id, since)
);

create table public.api_key_secrets (
  hash bytea not null,
  api_key_id uuid not null,
  prefix text not null,
  created_at timestamp with time zone not null,
  ends_at timestamp with time zone,
  constraint api_key_secrets_pkey PRIMARY KEY (hash),
  constraint api_key_secret_hash CHECK ((octet_length(hash) = 32))
);

create table public.api_keys (
  id uuid not null,
  account_id uuid not null,
  member_id uuid not null,
  name text not null,
  prefix text not null,
  created_at timestamp with time zone not null,
  created_by uuid,
  expires_at timestamp with time zone,
  revoked_at timestamp with time zone,
  revoked_by uuid,
  created_by_kind text not null,
  revoked_by_kind text,
  rotated_at timestamp with time zone,
  constraint api_keys_pkey PRIMARY KEY (id),
  constraint api_key_expiry CHECK ((expires_at > created_at)),
  constraint api_key_maker CHECK ((created_by_kind = ANY (ARRAY['person'::text, 'operator'::text, 'organization'::text, 'system'::text]))),
  constraint api_key_revocation CHECK (((revoked_at IS NULL) = (revoked_by_kind IS NULL))),
  constraint api_key_revoker CHECK ((revoked_by_kind = ANY (ARRAY['person'::text, 'operator'::text, 'organization'::text, 'system'::text])))
);

create table public.audit_lines (
  "position" bigint generated always as identity not null,
  id uuid not null,
  at timestamp with time zone not null,
  account_id uuid,
  actor_kind text not null,
  actor_id uuid,
  action text not null,
  subject_kind text not null,
  subject_id text not null,
  before jsonb,
  after jsonb,
  reason text,
  address text,
  request_id text,
  constraint audit_lines_pkey PRIMARY KEY ("position"),
  constraint audit_line_id_unique UNIQUE (id),
  constraint audit_actor_kind CHECK ((actor_kind = ANY (ARRAY['person'::text, 'operator'::text, 'organization'::text, 'system'::text])))
);

create table public.auto_top_up_evaluations (
  id bigint generated always as identity not null,
  account_id uuid not null,
  revision integer not null,
  trigger_seq bigint not null,
  balance bigint not null,
  threshold bigint not null,
  decision text not null,
  reason text not null,
  amount bigint,
  top_up_id uuid,
  decided_at timestamp with time zone not null,
  constraint auto_top_up_evaluations_pkey PRIMARY KEY (id)
);

create table public.auto_top_up_rules (
  account_id uuid not null,
  revision integer default 1 not null,
  sponsor_id uuid not null,
  payment_method_id text not null,
  threshold bigint not null,
  amount bigint,
  target_balance bigint,
  monthly_cap bigint not null,
  state text default 'enabled'::text not null,
  suspension text,
  suspended_until timestamp with time zone,
  declines_in_a_row integer default 0 not null,
  decision text,
  reason text,
  next_evaluation_at timestamp with time zone,
  created_at timestamp with time zone not null,
  updated_at timestamp with time zone not null,
  constraint auto_top_up_rules_pkey PRIMARY KEY (account_id),
  constraint rule_amount CHECK (((amount >= '5000000000'::bigint) AND (amount <= '2000000000000'::bigint))),
  constraint rule_cap CHECK ((monthly_cap >= COALESCE(amount, '5000000000'::bigint))),
  constraint rule_one_size CHECK (((amount IS NULL) <> (target_balance IS NULL))),
  constraint rule_state CHECK ((state = ANY (ARRAY['enabled'::text, 'suspended'::text]))),
  constraint rule_suspension CHECK (((state = 'suspended'::text) = (suspension IS NOT NULL))),
  constraint rule_target CHECK ((target_balance >= (threshold + '5000000000'::bigint))),
  constraint rule_threshold CHECK ((threshold >= 0))
);

create table public.card_setups (
  id uuid not null,
  person_id uuid not null,
  customer_id text not null,
  consent_address text,
  session_id text,
  session_url text,
  state text default 'open'::text not null,
  payment_method_id text,
  created_at timestamp with time zone not null,
  expires_at timestamp with time zone not null,
  next_check_at timestamp with time zone,
  constraint card_setups_pkey PRIMARY KEY (id),
  constraint card_setup_session_unique UNIQUE (session_id),
  constraint card_setup_state CHECK ((state = ANY (ARRAY['open'::text, 'saved'::text, 'not-completed'::text])))
);

create table public.card_suspensions (
  fingerprint text not null,
  reason text not null,
  suspended_at timestamp with time zone not null,
  suspended_until timestamp with time zone,
  constraint card_suspensions_pkey PRIMARY KEY (fingerprint)
);

create table public.customers (
  person_id uuid not null,
  generation integer default 1 not null,
  email text not null,
  stripe_id text,
  created_at timestamp with time zone not null,
  deleted_at timestamp with time zone,
  delete_at timestamp with time zone,
  constraint customers_pkey PRIMARY KEY (person_id, generation),
  constraint customer_stripe_id_unique UNIQUE (stripe_id)
);

create table public.deployment (
  only_row boolean default true not null,
  currency text not null,
  attempts_most integer default 2 not null,
  attempts_within interval default '00:10:00'::interval not null,
  constraint deployment_pkey PRIMARY KEY (only_row),
  constraint deployment_attempts_most CHECK ((attempts_most > 0)),
  constraint deployment_attempts_within CHECK ((attempts_within > '00:00:00'::interval)),
  constraint deployment_currency CHECK ((currency ~ '^[a-z]{3}$'::text)),
  constraint deployment_only_row CHECK (only_row)
);

create table public.entries (
  account_id uuid not null,
  seq bigint not null,
  type public.entry_type not null,
  debit public.ledger_account not null,
  credit public.ledger_account not null,
  amount bigint not null,
  balance_after bigint not null,
  currency text not null,
  epoch bigint not null,
  event_count bigint default 0 not null,
  last_position bigint not null,
  command_id uuid,
  posted_at timestamp with time zone not null,
  constraint entries_pkey PRIMARY KEY (account_id, seq),
  constraint entry_command_unique UNIQUE (command_id),
  constraint "entry-unbalanced" CHECK (((debit = 'credit'::public.ledger_account) <> (credit = 'credit'::public.ledger_account))),
  constraint entry_amount CHECK ((amount >= 0)),
  constraint entry_counterpart CHECK (
CASE type
    WHEN 'usage'::public.entry_type THEN ((debit = 'credit'::public.ledger_account) AND (credit = 'revenue'::public.ledger_account))
    WHEN 'top-up'::public.entry_type THEN (debit = 'stripe'::public.ledger_account)
    WHEN 'refund'::public.entry_type THEN (credit = 'stripe'::public.ledger_account)
    WHEN 'refund-reversed'::public.entry_type THEN (debit = 'stripe'::public.ledger_account)
    WHEN 'dispute'::public.entry_type THEN (credit = 'stripe'::public.ledger_account)
    WHEN 'dispute-reinstated'::public.entry_type THEN (debit = 'stripe'::public.ledger_account)
    WHEN 'grant'::public.entry_type THEN (('grants'::public.ledger_account = debit) OR ('grants'::public.ledger_account = credit))
    WHEN 'adjustment'::public.entry_type THEN (('adjustments'::public.ledger_account = debit) OR ('adjustments'::public.ledger_account = credit))
    ELSE NULL::boolean
END),
  constraint entry_origin CHECK (((type = 'usage'::public.entry_type) = (command_id IS NULL)))
);

create table public.idempotency_keys (
  caller text not null,
  key text not null,
  request_hash bytea not null,
  resource_id uuid not null,
  claimed_at timestamp with time zone not null,
  status integer,
  headers jsonb,
  body jsonb,
  constraint idempotency_keys_pkey PRIMARY KEY (caller, key)
);

create table public.ledger_commands (
  id uuid not null,
  account_id uuid not null,
  key text not null,
  type public.entry_type not null,
  amount bigint not null,
  details jsonb default '{}'::jsonb not null,
  arrival bigint generated always as identity not null,
  state text default 'waiting'::text not null,
  refusal text,
  stored_at timestamp with time zone not null,
  constraint ledger_commands_pkey PRIMARY KEY (id),
  constraint command_key_unique UNIQUE (key),
  constraint command_amount CHECK ((amount <> 0)),
  constraint command_state CHECK ((state = ANY (ARRAY['waiting'::text, 'posted'::text, 'refused'::text]))),
  constraint command_type CHECK ((type <> 'usage'::public.entry_type))
);

create table public.names (
  subject_id uuid not null,
  since timestamp with time zone not null,
  name text not null,
  constraint names_pkey PRIMARY KEY (subject_id, since)
);

create table public.notices (
  id uuid not null,
  key text not null,
  kind text not null,
  person_id uuid,
  account_id uuid,
  details jsonb default '{}'::jsonb not null,
  created_at timestamp with time zone not null,
  tries integer default 0 not null,
  next_try_at timestamp with time zone,
  sent_at timestamp with time zone,
  failure text,
  invitation_id uuid,
  constraint notices_pkey PRIMARY KEY (id),
  constraint notice_key_unique UNIQUE (key),
  constraint notice_reader CHECK ((num_nonnulls(person_id, invitation_id) = 1))
);

create table public.payment_methods (
  id text not null,
  person_id uuid not null,
  customer_id text not null,
  fingerprint text not null,
  brand text not null,
  last4 text not null,
  exp_month integer not null,
  exp_year integer not null,
  consented_at timestamp with time zone not null,
  consent_terms text not null,
  consent_address text,
  created_at timestamp with time zone not null,
  detached_at timestamp with time zone,
  constraint payment_methods_pkey PRIMARY KEY (id)
);

create table public.prices (
  id integer generated always as identity not null,
  model text not null,
  effective_from timestamp with time zone not null,
  input bigint not null,
  cached_input bigint not null,
  cache_write bigint not null,
  output bigint not null,
  batch_input bigint not null,
  batch_cached_input bigint not null,
  batch_cache_write bigint not null,
  batch_output bigint not null,
  source text not null,
  created_at timestamp with time zone not null,
  constraint prices_pkey PRIMARY KEY (id),
  constraint price_unique UNIQUE (model, effective_from),
  constraint price_positive CHECK ((LEAST(input, cached_input, cache_write, output, batch_input, batch_cached_input, batch_cache_write, batch_output) >= 0))
);

create table public.quarantined_payments (
  payment_intent_id text not null,
  top_up_id uuid,
  reason text not null,
  amount_cents bigint,
  currency text,
  details jsonb default '{}'::jsonb not null,
  found_at timestamp with time zone not null,
  resolved_at timestamp with time zone,
  resolution text,
  resolution_reason text,
  resolved_by text,
  constraint quarantined_payments_pkey PRIMARY KEY (payment_intent_id),
  constraint quarantine_resolution CHECK ((resolution = ANY (ARRAY['credited'::text, 'kept-out'::text]))),
  constraint quarantine_resolved CHECK ((num_nonnulls(resolved_at, resolution, resolution_reason, resolved_by) = ANY (ARRAY[0, 4])))
);

create table public.rate_limits (
  key text not null,
  points integer default 0 not null,
  expire bigint,
  constraint rate_limits_pkey PRIMARY KEY (key)
);

create table public.rejected_usage (
  id bigint generated always as identity not null,
  account_id uuid,
  event_id text,
  code text not null,
  detail text not null,
  event jsonb not null,
  received_at timestamp with time zone not null,
  constraint rejected_usage_pkey PRIMARY KEY (id)
);

create table public.service_tokens (
  id uuid not null,
  kind text not null,
  name text not null,
  token_hash bytea not null,
  scopes text[] not null,
  created_at timestamp with time zone not null,
  expires_at timestamp with time zone,
  revoked_at timestamp with time zone,
  organization_id uuid,
  created_by uuid,
  revoked_by uuid,
  prefix text default ''::text not null,
  last_used_at timestamp with time zone,
  revoked_by_kind text,
  constraint service_tokens_pkey PRIMARY KEY (id),
  constraint service_token_secret_unique UNIQUE (token_hash),
  constraint service_token_expiry CHECK ((expires_at > created_at)),
  constraint service_token_hash CHECK ((octet_length(token_hash) = 32)),
  constraint service_token_kind CHECK ((kind = ANY (ARRAY['gateway'::text, 'operator'::text, 'organization'::text]))),
  constraint service_token_lifetime CHECK (((kind = 'gateway'::text) OR COALESCE((expires_at <= (created_at + '366 days'::interval)), false))),
  constraint service_token_owner CHECK (((kind = 'organization'::text) = (organization_id IS NOT NULL))),
  constraint service_token_revocation CHECK (((revoked_at IS NULL) = (revoked_by_kind IS NULL))),
  constraint service_token_revoker CHECK ((revoked_by_kind = ANY (ARRAY['person'::text, 'operator'::text, 'organization'::text, 'system'::text])))
);

create table public.top_up_attempts (
  top_up_id uuid not null,
  attempt integer not null,
  first_sent_at timestamp with time zone not null,
  last_sent_at timestamp with time zone not null,
  payment_intent_id text,
  failures_replayed integer default 0 not null,
  outcome text,
  decline_code text,
  ended_at timestamp with time zone,
  constraint top_up_attempts_pkey PRIMARY KEY (top_up_id, attempt),
  constraint attempt_payment_intent_unique UNIQUE (payment_intent_id)
);

create table public.top_ups (
  id uuid not null,
  account_id uuid not null,
  mode text not null,
  payer_id uuid not null,
  amount bigint not null,
  currency text not null,
  state text default 'open'::text not null,
  reason text,
  customer_id text,
  save_card boolean default false not null,
  checkout_session_id text,
  checkout_url text,
  expires_at timestamp with time zone,
  trigger_seq bigint,
  rule_revision integer,
  payment_method_id text,
  receipt_email text,
  attempt integer default 0 not null,
  next_attempt_at timestamp with time zone,
  payment_intent_id text,
  created_at timestamp with time zone not null,
  paid_at timestamp with time zone,
  next_check_at timestamp with time zone,
  restarts integer default 0 not null,
  recovers uuid,
  request_id text default NULLIF(current_setting('coffer.request_id'::text, true), ''::text),
  end_page_at timestamp with time zone,
  constraint top_ups_pkey PRIMARY KEY (id),
  constraint top_up_payment_intent_unique UNIQUE (payment_intent_id),
  constraint top_up_session_unique UNIQUE (checkout_session_id),
  constraint top_up_amount CHECK ((((amount >= '5000000000'::bigint) AND (amount <= '2000000000000'::bigint)) AND ((amount % (10000000)::bigint) = 0))),
  constraint top_up_mode CHECK ((mode = ANY (ARRAY['manual'::text, 'auto'::text]))),
  constraint top_up_mode_fields CHECK (
CASE mode
    WHEN 'manual'::text THEN (expires_at IS NOT NULL)
    ELSE ((trigger_seq IS NOT NULL) AND (payment_method_id IS NOT NULL))
END),
  constraint top_up_over CHECK (((state = ANY (ARRAY['paid'::text, 'not-completed'::text])) = (next_check_at IS NULL))),
  constraint top_up_paid CHECK ((((state = 'paid'::text) = (paid_at IS NOT NULL)) AND ((state <> 'paid'::text) OR (payment_intent_id IS NOT NULL)))),
  constraint top_up_recovers CHECK (((recovers IS NULL) OR (mode = 'manual'::text))),
  constraint top_up_state CHECK ((state = ANY (ARRAY['open'::text, 'processing'::text, 'unknown'::text, 'paid'::text, 'not-completed'::text])))
);

create table public.unpriced_usage (
  account_id uuid not null,
  id text not null,
  day date not null,
  member_id uuid not null,
  api_key_id uuid not null,
  model text not null,
  batched boolean not null,
  input_tokens integer not null,
  cached_input_tokens integer not null,
  cache_write_tokens integer not null,
  output_tokens integer not null,
  occurred_at timestamp with time zone not null,
  received_at timestamp with time zone not null,
  hold_id uuid,
  batch_id text,
  metadata jsonb,
  priced_at timestamp with time zone,
  constraint unpriced_usage_pkey PRIMARY KEY (account_id, id)
);

create table public.usage_events (
  account_id uuid not null,
  day date not null,
  id text not null,
  "position" bigint not null,
  entry_seq bigint not null,
  member_id uuid not null,
  api_key_id uuid not null,
  model text not null,
  batched boolean not null,
  price_id integer,
  input_tokens integer not null,
  cached_input_tokens integer not null,
  cache_write_tokens integer not null,
  output_tokens integer not null,
  cost bigint not null,
  occurred_at timestamp with time zone not null,
  recorded_at timestamp with time zone not null,
  hold_id uuid,
  batch_id text,
  metadata jsonb,
  constraint usage_events_pkey PRIMARY KEY (account_id, day, id)
) partition by RANGE (day);

create table public.usage_rollups (
  account_id uuid not null,
  recorded_day date not null,
  occurred_day date not null,
  member_id uuid not null,
  api_key_id uuid not null,
  model text not null,
  batched boolean not null,
  event_count bigint not null,
  input_tokens bigint not null,
  cached_input_tokens bigint not null,
  cache_write_tokens bigint not null,
  output_tokens bigint not null,
  cost bigint not null,
  last_occurred_at timestamp with time zone not null,
  constraint usage_rollups_pkey PRIMARY KEY (account_id, recorded_day, occurred_day, member_id, api_key_id, model, batched)
) with (fillfactor=60);

create table public.verify_checkpoints (
  account_id uuid not null,
  seq bigint not null,
  balance bigint not null,
  epoch bigint not null,
  "position" bigint not null,
  recorded_since date,
  sums jsonb not null,
  seen text not null,
  checked_at timestamp with time zone not null,
  constraint verify_checkpoints_pkey PRIMARY KEY (account_id)
);

create table public.verify_runs (
  id uuid not null,
  scope text not null,
  started_at timestamp with time zone not null,
  finished_at timestamp with time zone,
  clean boolean,
  accounts bigint default 0 not null,
  entries bigint default 0 not null,
  usage_events bigint default 0 not null,
  checks jsonb default '[]'::jsonb not null,
  constraint verify_runs_pkey PRIMARY KEY (id),
  constraint verify_run_over CHECK (((finished_at IS NULL) = (clean IS NULL))),
  constraint verify_scope CHECK ((scope = ANY (ARRAY['full'::text, 'since-checkpoint'::text])))
);

create table public.webhook_events (
  id text not null,
  type text not null,
  object_id text,
  payload jsonb not null,
  received_at timestamp with time zone not null,
  state text default 'waiting'::text not null,
  reason text,
  tries integer default 0 not null,
  next_try_at timestamp with time zone,
  processed_at timestamp with time zone,
  constraint webhook_events_pkey PRIMARY KEY (id),
  constraint webhook_event_state CHECK ((state = ANY (ARRAY['waiting'::text, 'processed'::text, 'ignored'::text])))
);

-- Functions

CREATE OR REPLACE FUNCTION public.account_of_organization(p_organization uuid)
 RETURNS uuid
 LANGUAGE sql
 STABLE
AS $function$
  select id from accounts where owner_type = 'organization' and owner_id = p_organization
$function$;

CREATE OR REPLACE FUNCTION public.account_standing(p_account uuid)
 RETURNS TABLE(epoch bigint, seq bigint, posted bigint, pending bigint, held bigint, state text, more boolean, top_up_in_flight uuid, threshold bigint, decision text, reason text)
 LANGUAGE plpgsql
 STABLE
AS $function$
begin
  return query
  select b.epoch, b.open_seq - 1, b.posted, b.pending, b.held, b.state, b.pending_count > 0 or b.commands_waiting > 0,
    t.top_up_in_flight, t.threshold, t.decision, t.reason
  from account_balances b left join lateral auto_top_up_standing(p_account) t on true
  where b.account_id = p_account;
  if not found then
    perform refuse('account-not-found', format('no account %s', p_account));
  end if;
end $function$;

CREATE OR REPLACE FUNCTION public.acting_id()
 RETURNS uuid
 LANGUAGE sql
 STABLE
AS $function$
  select nullif(current_setting('coffer.actor_id', true), '')::uuid
$function$;

CREATE OR REPLACE FUNCTION public.acting_kind()
 RETURNS text
 LANGUAGE sql
 STABLE
AS $function$
  select coalesce(nullif(current_setting('coffer.actor_kind', true), ''), 'system')
$function$;

CREATE OR REPLACE FUNCTION public.acting_now()
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE
AS $function$
  select coalesce(nullif(current_setting('coffer.now', true), '')::timestamptz, statement_timestamp())
$function$;

CREATE OR REPLACE FUNCTION public.announce_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  perform pg_notify(tg_table_name, new.id::text);
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.api_key_last_used(p_key uuid)
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE
AS $function$
  select max(last_occurred_at) from usage_rollups
    where api_key_id = p_key and recorded_day >= (select max(recorded_day) - 36 from usage_rollups where api_key_id = p_key)
$function$;

CREATE OR REPLACE FUNCTION public.api_key_spent(p_key uuid, p_since date)
 RETURNS bigint
 LANGUAGE sql
 STABLE
AS $function$
  select coalesce(sum(cost), 0)::int8 from usage_rollups where api_key_id = p_key and recorded_day >= p_since
$function$;

CREATE OR REPLACE FUNCTION public.apply_entry()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
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
end $function$;

CREATE OR REPLACE FUNCTION public.audit(p_account uuid, p_action text, p_subject_kind text, p_subject_id text, p_before jsonb, p_after jsonb, p_reason text DEFAULT NULL::text)
 RETURNS void
 LANGUAGE sql
AS $function$
  insert into audit_lines (id, at, account_id, actor_kind, actor_id, action, subject_kind, subject_id, before, after,
      reason, address, request_id)
    values (uuid_v7(acting_now()), acting_now(), p_account,
      coalesce(nullif(current_setting('coffer.actor_kind', true), ''), 'system'),
      nullif(current_setting('coffer.actor_id', true), '')::uuid, p_action, p_subject_kind, p_subject_id, p_before, p_after,
      coalesce(p_reason, nullif(current_setting('coffer.reason', true), '')),
      nullif(current_setting('coffer.address', true), ''), nullif(current_setting('coffer.request_id', true), ''))
$function$;

CREATE OR REPLACE FUNCTION public.audit_account_state()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  perform audit(new.account_id, 'account.' || case new.state when 'open' then 'unfrozen' else new.state end, 'account',
    new.account_id::text, jsonb_build_object('state', old.state),
    jsonb_build_object('state', new.state, 'balance', (new.posted + new.pending)::text),
    nullif(current_setting('coffer.reason', true), ''));
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.audit_api_key()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
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
end $function$;

CREATE OR REPLACE FUNCTION public.audit_charge_limit()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  perform audit(null, 'charge-limit.changed', 'deployment', 'charge-limit',
    jsonb_build_object('times', old.attempts_most, 'withinSeconds', extract(epoch from old.attempts_within)::int8),
    jsonb_build_object('times', new.attempts_most, 'withinSeconds', extract(epoch from new.attempts_within)::int8));
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.audit_command()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  perform audit(new.account_id, 'credit.' || new.type, 'ledger-command', new.id::text, null,
    jsonb_strip_nulls(jsonb_build_object('amount', new.amount::text, 'mode', new.details ->> 'mode',
      'payerId', new.details ->> 'payerId')),
    new.details ->> 'reason');
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.audit_invitation()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if tg_op = 'INSERT' then
    perform audit(account_of_organization(new.organization_id), 'invitation.sent', 'invitation', new.id::text, null,
      jsonb_build_object('role', new.role));
  elsif new.status in ('declined', 'revoked') and old.status = 'pending' then
    perform audit(account_of_organization(new.organization_id), 'invitation.' || new.status, 'invitation', new.id::text,
      jsonb_build_object('role', new.role), null);
  elsif new.status = 'pending' then
    perform audit(account_of_organization(new.organization_id), 'invitation.resent', 'invitation', new.id::text, null,
      jsonb_build_object('role', new.role, 'sends', new.sends));
  end if;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.audit_member()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if tg_op = 'INSERT' then
    perform audit(account_of_organization(new.organization_id), 'member.joined', 'member', new.person_id::text,
      null, jsonb_strip_nulls(jsonb_build_object('role', new.role, 'invitationId', new.invitation_id)));
  elsif tg_op = 'UPDATE' then
    perform audit(account_of_organization(new.organization_id), 'member.role-changed', 'member', new.person_id::text,
      jsonb_build_object('role', old.role), jsonb_build_object('role', new.role));
  else
    perform audit(account_of_organization(old.organization_id),
      case when nullif(current_setting('coffer.actor_id', true), '')::uuid = old.person_id then 'member.left' else 'member.removed' end,
      'member', old.person_id::text, jsonb_build_object('role', old.role), null);
  end if;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.audit_organization()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if tg_op = 'INSERT' then
    perform audit(account_of_organization(new.id), 'organization.created', 'organization', new.id::text,
      null, jsonb_build_object('name', new.name, 'slug', new.slug));
  else
    perform audit(account_of_organization(new.id), 'organization.renamed', 'organization', new.id::text,
      jsonb_build_object('name', old.name, 'slug', old.slug), jsonb_build_object('name', new.name, 'slug', new.slug));
  end if;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.audit_payment_kept_out()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  perform audit((select account_id from top_ups where id = new.top_up_id), 'payment.kept-out', 'top-up',
    coalesce(new.top_up_id::text, new.payment_intent_id), null,
    jsonb_build_object('amount', (new.amount_cents * 10000000)::text), new.resolution_reason);
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.audit_rule()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
declare
  v_before jsonb;
  v_after jsonb;
begin
  if tg_op = 'INSERT' then
    perform audit(new.account_id, 'auto-top-up.enabled', 'auto-top-up', new.account_id::text, null, audited_rule(new));
    return null;
  elsif tg_op = 'DELETE' then
    perform audit(old.account_id, 'auto-top-up.removed', 'auto-top-up', old.account_id::text, audited_rule(old), null);
    return null;
  end if;
  v_before := audited_rule(old);
  v_after := audited_rule(new);
  perform audit(new.account_id,
    case when new.state = old.state then 'auto-top-up.changed'
      when new.state = 'suspended' then 'auto-top-up.suspended' else 'auto-top-up.resumed' end,
    'auto-top-up', new.account_id::text, differing(v_before, v_after),
    coalesce(differing(v_after, v_before), '{}')
      || case when new.payment_method_id <> old.payment_method_id then '{"card": "replaced"}'::jsonb else '{}' end);
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.audit_service_token()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
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
end $function$;

CREATE OR REPLACE FUNCTION public.audited_api_key(k public.api_keys)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
AS $function$
  select jsonb_build_object('name', k.name, 'memberId', k.member_id, 'prefix', k.prefix, 'expiresAt', k.expires_at,
    'rotatedAt', k.rotated_at, 'revokedAt', k.revoked_at)
$function$;

CREATE OR REPLACE FUNCTION public.audited_rule(r public.auto_top_up_rules)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
AS $function$
  select jsonb_strip_nulls(jsonb_build_object('sponsorId', r.sponsor_id, 'threshold', r.threshold::text,
    'amount', r.amount::text, 'targetBalance', r.target_balance::text, 'monthlyCap', r.monthly_cap::text,
    'state', r.state, 'suspension', case when r.suspension in ('sponsor-left', 'switched-off') then r.suspension end))
$function$;

CREATE OR REPLACE FUNCTION public.auto_top_up_choice(r public.auto_top_up_rules, p_state text, p_balance bigint, p_now timestamp with time zone)
 RETURNS TABLE(decision text, reason text, amount bigint, evaluate_at timestamp with time zone)
 LANGUAGE plpgsql
 STABLE
AS $function$
declare
  v_most int8 := 2000000000000;
  v_left int8;
  v_amount int8;
  v_until timestamptz;
  s card_suspensions%rowtype;
begin
  if p_balance >= r.threshold then
    return query select 'none', 'above-threshold', null::int8, null::timestamptz;
    return;
  elsif p_state <> 'open' then
    return query select 'skipped', 'account-' || p_state, null::int8, null::timestamptz;
    return;
  elsif r.state = 'suspended' then
    return query select 'suspended', r.suspension, null::int8, r.suspended_until;
    return;
  elsif exists (select 1 from top_ups t where t.account_id = r.account_id and t.mode = 'auto'
      and t.state in ('open', 'processing', 'unknown')) then
    return query select 'waiting', 'top-up-in-flight', null::int8, null::timestamptz;
    return;
  end if;
  -- what another account learnt about the card holds for this one too
  select * into s from card_suspension(r.payment_method_id, p_now);
  if s.reason is not null then
    return query select 'suspended', s.reason, null::int8, s.suspended_until;
    return;
  end if;
  -- a card is not tried again within the hour, whatever is done to the rule meanwhile
  select max(a.ended_at) + interval '1 hour' into v_until
    from top_ups t join top_up_attempts a on a.top_up_id = t.id
    join payment_methods m on m.id = t.payment_method_id
    join payment_methods c on c.id = r.payment_method_id and c.fingerprint = m.fingerprint
    where t.account_id = r.account_id and t.mode = 'auto' and t.created_at > p_now - interval '3 days'
      and a.ended_at > p_now - interval '1 hour' and a.outcome not in ('paid', 'never-sent');
  if v_until is not null then
    return query select 'skipped', 'declined-lately', null::int8, v_until;
    return;
  end if;
  v_until := next_attempt_allowed_at(r.account_id, p_now);
  if v_until is not null then
    return query select 'skipped', 'attempts-limit', null::int8, v_until;
    return;
  end if;
  v_left := greatest(r.monthly_cap - auto_top_up_month(r.account_id, p_now), 0);
  if r.amount is not null then
    -- the smallest multiple that lifts the balance to the threshold, or the largest that cap and maximum leave
    v_amount := r.amount * least(ceil((r.threshold - p_balance)::numeric / r.amount), div(least(v_left, v_most)::numeric, r.amount::numeric))::int8;
  else
    v_amount := least(ceil((r.target_balance - p_balance)::numeric / 10000000) * 10000000, v_most)::int8;
    if v_amount > v_left then
      v_amount := 0;
    end if;
  end if;
  if v_amount = 0 then
    return query select 'skipped', 'cap-reached', null::int8,
      (date_trunc('month', p_now at time zone 'UTC') + interval '1 month') at time zone 'UTC';
  else
    return query select 'charge', 'below-threshold', v_amount, null::timestamptz;
  end if;
end $function$;

CREATE OR REPLACE FUNCTION public.auto_top_up_month(p_account uuid, p_now timestamp with time zone)
 RETURNS bigint
 LANGUAGE sql
 STABLE
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION public.auto_top_up_on_hold(p_account uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE
AS $function$
  select exists (
    select 1 from quarantined_payments q join top_ups t on t.id = q.top_up_id
      where t.account_id = p_account and t.mode = 'auto' and q.resolved_at is null
  );
$function$;

CREATE OR REPLACE FUNCTION public.auto_top_up_standing(p_account uuid)
 RETURNS TABLE(top_up_in_flight uuid, threshold bigint, decision text, reason text)
 LANGUAGE sql
 STABLE
AS $function$
  select
    (select t.id from top_ups t where t.account_id = p_account and t.mode = 'auto' and t.state in ('open', 'processing', 'unknown')),
    r.threshold, case r.state when 'suspended' then 'suspended' else r.decision end, coalesce(r.suspension, r.reason)
  from (select 1) one left join auto_top_up_rules r on r.account_id = p_account;
$function$;

CREATE OR REPLACE FUNCTION public.begin_attempt(p_top_up uuid, p_now timestamp with time zone)
 RETURNS TABLE(step text, account_id uuid, payer_id uuid, amount bigint, currency text, customer_id text, payment_method_id text, receipt_email text, attempt integer, attempt_at timestamp with time zone, first_sent_at timestamp with time zone, resent boolean)
 LANGUAGE plpgsql
AS $function$
#variable_conflict use_column
declare
  b account_balances%rowtype;
  r auto_top_up_rules%rowtype;
  t top_ups%rowtype;
  a top_up_attempts%rowtype;
  v_reason text;
  v_resent boolean := false;
  v_step text := 'send';
  s card_suspensions%rowtype;
  v_until timestamptz;
begin
  select * into b from account_balances where account_id = (select account_id from top_ups where id = p_top_up) for update;
  select * into r from auto_top_up_rules where account_id = b.account_id for update;
  select * into t from top_ups where id = p_top_up for update;
  if t.mode is distinct from 'auto' or t.state in ('paid', 'not-completed') then
    return query select 'over', t.account_id, t.payer_id, t.amount, t.currency, t.customer_id, t.payment_method_id,
      t.receipt_email, t.attempt, null::timestamptz, null::timestamptz, false;
    return;
  end if;
  select * into a from top_up_attempts where top_up_id = p_top_up and ended_at is null;
  if found then
    v_resent := true;
    if a.first_sent_at <= p_now - interval '23 hours' then
      v_step := 'look-up';
      update top_ups set state = 'unknown', next_check_at = p_now + interval '15 minutes' where id = p_top_up;
    elsif t.state in ('processing', 'unknown') then
      v_step := 'look-up';
    else
      update top_up_attempts set last_sent_at = p_now where top_up_id = p_top_up and ended_at is null;
      update top_ups set next_check_at = p_now + interval '2 minutes' where id = p_top_up;
    end if;
  elsif t.next_attempt_at > p_now then
    v_step := 'wait';
    update top_ups set next_check_at = t.next_attempt_at + interval '1 minute' where id = p_top_up;
  else
    select * into s from card_suspension(t.payment_method_id, p_now);
    if r.account_id is not null and r.state = 'enabled' and not may_sponsor(b.account_id, r.sponsor_id) then
      perform suspend_auto_top_up(b.account_id, 'sponsor-left', null, p_now);
      v_reason := 'sponsor-left';
    elsif r.state = 'enabled' and r.payment_method_id = t.payment_method_id
      and exists (select 1 from payment_methods m where m.id = t.payment_method_id and m.detached_at is not null)
    then
      -- it went while the rule was being set: left enabled, the rule would open one top-up after the other
      perform suspend_auto_top_up(b.account_id, 'card-removed', null, p_now);
      v_reason := 'card-removed';
    elsif r.state = 'enabled' and r.payment_method_id = t.payment_method_id and s.reason is not null then
      perform suspend_auto_top_up(b.account_id, s.reason, s.suspended_until, p_now);
      v_reason := 'card-suspended';
    else
      v_reason := case
        when b.state <> 'open' then 'account-' || b.state
        when r.account_id is null or r.sponsor_id <> t.payer_id or r.payment_method_id <> t.payment_method_id then 'rule-changed'
        when r.state <> 'enabled' then 'rule-suspended'
        when b.posted + b.pending >= r.threshold then 'recovered'
        when auto_top_up_month(b.account_id, t.created_at) > r.monthly_cap then 'cap-reached'
      end;
    end if;
    v_until := next_attempt_allowed_at(b.account_id, p_now);
    if v_reason is not null then
      perform close_top_up(p_top_up, v_reason, p_now);
      v_step := 'over';
    elsif v_until is not null then
      update top_ups set next_attempt_at = v_until, next_check_at = v_until + interval '1 minute' where id = p_top_up
        returning * into t;
      v_step := 'wait';
    else
      insert into top_up_attempts (top_up_id, attempt, first_sent_at, last_sent_at)
        values (p_top_up, t.attempt + 1, p_now, p_now) returning * into a;
      update top_ups set attempt = a.attempt, next_attempt_at = null, next_check_at = p_now + interval '2 minutes' where id = p_top_up;
    end if;
  end if;
  return query select v_step, t.account_id, t.payer_id, t.amount, t.currency, t.customer_id, t.payment_method_id,
    t.receipt_email, coalesce(a.attempt, t.attempt), t.next_attempt_at, a.first_sent_at, v_resent;
end $function$;

CREATE OR REPLACE FUNCTION public.card_suspension(p_payment_method text, p_now timestamp with time zone)
 RETURNS public.card_suspensions
 LANGUAGE sql
 STABLE
AS $function$
  select s from payment_methods m join card_suspensions s on s.fingerprint = m.fingerprint
    where m.id = p_payment_method and (s.suspended_until is null or s.suspended_until > p_now);
$function$;

CREATE OR REPLACE FUNCTION public.check_posted()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
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
end $function$;

CREATE OR REPLACE FUNCTION public.check_price()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  perform pg_advisory_xact_lock(hashtextextended('price:' || new.model, 0));
  if exists (select 1 from prices where model = new.model) and new.effective_from < new.created_at + interval '5 minutes' then
    perform refuse('price-not-ahead', format('a new price of %s must begin at least five minutes ahead', new.model));
  end if;
  return new;
end $function$;

CREATE OR REPLACE FUNCTION public.close_organization(p_organization uuid, p_now timestamp with time zone)
 RETURNS uuid
 LANGUAGE plpgsql
AS $function$
declare
  v_account uuid := lock_organization(p_organization);
begin
  -- whoever is making a key holds its member: the statements below find that key
  perform 1 from auth.members where organization_id = p_organization order by id for update;
  perform tell_person(format('organization-closed:%s:%s', p_organization, m.person_id), 'organization-closed', m.person_id,
      v_account, '{}', p_now)
    from auth.members m where m.organization_id = p_organization;
  perform free_auto_top_up(v_account, 'account-closed', p_now);
  delete from auto_top_up_rules where account_id = v_account;
  -- its keys and tokens are revoked with it
  update account_balances set state = 'closed', rung_at = coalesce(rung_at, p_now) where account_id = v_account;
  update auth.organizations set closed_at = p_now where id = p_organization;
  update auth.invitations set status = 'revoked', ended_at = p_now where organization_id = p_organization and status = 'pending';
  delete from auth.members where organization_id = p_organization;
  return v_account;
end $function$;

CREATE OR REPLACE FUNCTION public.close_top_up(p_top_up uuid, p_reason text, p_now timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
declare
  t top_ups%rowtype;
begin
  perform 1 from auto_top_up_rules where account_id = (select account_id from top_ups where id = p_top_up and mode = 'auto')
    for update;
  update top_ups set state = 'not-completed', reason = p_reason, next_check_at = null, next_attempt_at = null, checkout_url = null
    where id = p_top_up and state in ('open', 'processing', 'unknown') returning * into t;
  if found and t.mode = 'auto' then
    update auto_top_up_rules set revision = revision + 1, next_evaluation_at = p_now where account_id = t.account_id;
  end if;
end $function$;

CREATE OR REPLACE FUNCTION public.create_account(p_id uuid, p_owner_type text, p_owner_id uuid, p_currency text, p_now timestamp with time zone)
 RETURNS void
 LANGUAGE sql
AS $function$
  insert into accounts (id, owner_type, owner_id, currency, created_at)
    values (p_id, p_owner_type, p_owner_id, p_currency, p_now) on conflict do nothing;
  insert into account_balances (account_id) select id from accounts where id = p_id on conflict do nothing;
$function$;

CREATE OR REPLACE FUNCTION public.credit_payment(p_top_up uuid, p_attempt integer, p_payment_intent text, p_command uuid, p_now timestamp with time zone)
 RETURNS text
 LANGUAGE plpgsql
AS $function$
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
end $function$;

CREATE OR REPLACE FUNCTION public.decide_auto_top_up(p_account uuid, p_now timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
declare
  b account_balances%rowtype;
  r auto_top_up_rules%rowtype;
  v record;
  v_balance int8;
  v_ruled boolean;
  v_top_up uuid;
  v_low_water int8;
begin
  select * into b from account_balances where account_id = p_account for update;
  v_balance := b.posted + b.pending;
  v_low_water := case when v_balance >= 0 then 0 else -9223372036854775808 end;
  select * into r from auto_top_up_rules where account_id = p_account for update;
  v_ruled := found;
  if v_ruled then
    if r.state = 'suspended' and r.suspended_until <= p_now then
      update auto_top_up_rules set state = 'enabled', suspension = null, suspended_until = null, declines_in_a_row = 0,
        revision = revision + 1 where account_id = p_account returning * into r;
    end if;
    select * into v from auto_top_up_choice(r, b.state, v_balance, p_now);
    if v.decision = 'suspended' and r.state = 'enabled' then
      perform suspend_auto_top_up(p_account, v.reason, v.evaluate_at, p_now);
      select * into r from auto_top_up_rules where account_id = p_account;
    end if;
    if v.decision = 'none' then
      v_low_water := r.threshold;
    elsif v.decision = 'charge' then
      insert into top_ups (id, account_id, mode, payer_id, amount, currency, customer_id, trigger_seq, rule_revision,
          payment_method_id, receipt_email, created_at, next_check_at)
        select uuid_v7(p_now), p_account, 'auto', r.sponsor_id, v.amount, a.currency, m.customer_id, b.open_seq - 1, r.revision,
          m.id, p.email, p_now, p_now + interval '15 seconds'
        from accounts a, payment_methods m, auth.people p
        where a.id = p_account and m.id = r.payment_method_id and p.id = r.sponsor_id
        on conflict do nothing
        returning id into v_top_up;
      if v_top_up is null then
        -- at most one charge per episode: this one has had it, and what it paid is not (yet) among the entries
        v.decision := 'skipped';
        v.reason := 'episode-over';
        v.amount := null;
        v.evaluate_at := p_now + interval '10 minutes';
      end if;
    end if;
    if v.decision = 'skipped' and v.reason = 'cap-reached' and r.reason is distinct from 'cap-reached' then
      perform tell_stewards(format('cap-reached:%s:%s', p_account, to_char(p_now at time zone 'UTC', 'YYYY-MM')),
        'auto-top-up-cap-reached', p_account, '{}', p_now);
    end if;
    if v.decision = 'charge' or (r.decision, r.reason) is distinct from (v.decision, v.reason) then
      insert into auto_top_up_evaluations (account_id, revision, trigger_seq, balance, threshold, decision, reason, amount, top_up_id, decided_at)
        values (p_account, r.revision, b.open_seq - 1, v_balance, r.threshold, v.decision, v.reason, v.amount, v_top_up, p_now);
    end if;
    if (r.decision, r.reason, r.next_evaluation_at) is distinct from (v.decision, v.reason, v.evaluate_at) then
      update auto_top_up_rules set decision = v.decision, reason = v.reason, next_evaluation_at = v.evaluate_at
        where account_id = p_account;
    end if;
  end if;
  if b.low_water <> v_low_water then
    update account_balances set low_water = v_low_water where account_id = p_account;
  end if;
end $function$;

CREATE OR REPLACE FUNCTION public.differing(p_one jsonb, p_other jsonb)
 RETURNS jsonb
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select jsonb_object_agg(key, value) from jsonb_each(p_one) where value is distinct from p_other -> key
$function$;

CREATE OR REPLACE FUNCTION public.drop_expired_sessions()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  delete from auth.sessions where person_id = new.person_id and expires_at < new.created_at;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.drop_invitation_mail()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  update notices set next_try_at = null, details = details - 'secret' where invitation_id = new.id and sent_at is null;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.end_keys_and_tokens()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  perform revoke_api_keys(new.account_id, null, acting_now());
  update service_tokens set revoked_at = acting_now()
    where revoked_at is null
      and organization_id = (select owner_id from accounts where id = new.account_id and owner_type = 'organization');
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.end_pages_of_closed()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  update top_ups set end_page_at = acting_now()
    where account_id = new.account_id and mode = 'manual' and next_check_at is not null;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.ensure_usage_days(p_from date, p_to date)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
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
end $function$;

CREATE OR REPLACE FUNCTION public.erase_person(p_person uuid, p_now timestamp with time zone)
 RETURNS text
 LANGUAGE plpgsql
AS $function$
declare
  p auth.people%rowtype;
  v_organizations uuid[] := array(select organization_id from auth.members where person_id = p_person order by 1);
  v_account uuid := (select id from accounts where owner_type = 'person' and owner_id = p_person);
  v_nameless text := 'erased-' || p_person || '@invalid';
  v_customers text[];
  v_left text;
begin
  perform 1 from account_balances b where b.account_id = v_account
      or b.account_id in (select id from accounts where owner_type = 'organization' and owner_id = any (v_organizations))
    order by b.account_id for update;
  perform 1 from auto_top_up_rules where sponsor_id = p_person order by account_id for update;
  perform 1 from auth.organizations where id = any (v_organizations) order by id for update;
  perform 1 from auth.members where person_id = p_person order by id for update;
  -- another password tells the person of it
  perform 1 from auth.credentials where person_id = p_person order by id for update;
  select * into p from auth.people where id = p_person for update;
  if not found then
    return 'unknown';
  elsif p.erased_at is not null then
    return 'again';
  elsif v_organizations <> array(select organization_id from auth.members where person_id = p_person order by 1) then
    return 'changed';
  end if;
  select string_agg(o.name, ', ' order by o.name) into v_left from auth.organizations o
    where o.id = any (v_organizations)
      and not exists (select from auth.members m where m.organization_id = o.id and m.role = 'owner' and m.person_id <> p_person);
  if v_left is not null then
    perform refuse('last-owner', format('Only this person owns %s: make somebody else an owner, or close it, first.', v_left));
  end if;

  -- some are to or of others who are erased at the same moment
  perform 1 from auth.invitations where email = p.email or (status = 'pending' and inviter_id = p_person) order by id for update;
  -- with a membership go its rule and its keys
  delete from auth.members where person_id = p_person;
  -- once: a row that is changed twice in one transaction has its organization and its inviter locked by its foreign keys
  update auth.invitations set email = case email when p.email then v_nameless else email end,
      status = case status when 'pending' then 'revoked' else status end,
      ended_at = case status when 'pending' then p_now else ended_at end
    where email = p.email or (status = 'pending' and inviter_id = p_person);

  perform free_auto_top_up(v_account, 'account-closed', p_now);
  delete from auto_top_up_rules where account_id = v_account;
  -- and with the account its keys
  update account_balances set state = 'closed', rung_at = coalesce(rung_at, p_now)
    where account_id = v_account and state <> 'closed';

  update auth.people set name = 'former member', email = v_nameless, email_verified = false, image = null,
      two_factor_enabled = false, erased_at = p_now, updated_at = p_now
    where id = p_person;
  delete from names where subject_id = p_person and name <> 'former member';
  delete from auth.sessions where person_id = p_person;
  delete from auth.credentials where person_id = p_person;
  delete from auth.two_factors where person_id = p_person;
  -- those that expired are not kept, so that there are few
  delete from auth.verifications where value = p_person::text or position(p_person::text in identifier) > 0
    or position(p.email in identifier) > 0 or position(p.email in value) > 0;

  update payment_methods set detached_at = coalesce(detached_at, p_now), exp_month = 0, exp_year = 0 where person_id = p_person;
  update card_setups set consent_address = null, session_url = null, next_check_at = null,
      state = case state when 'open' then 'not-completed' else state end
    where person_id = p_person;
  update customers set email = v_nameless, delete_at = p_now where person_id = p_person;
  v_customers := array(select stripe_id from customers where person_id = p_person and stripe_id is not null);
  -- a card that was detached names its Customer no more
  update webhook_events set payload = '{}'
    where payload #>> '{data,object,customer}' = any (v_customers) or object_id = any (v_customers)
      or object_id in (select id from payment_methods where person_id = p_person);
  update ledger_commands set details = details - 'payerName' where details ->> 'payerId' = p_person::text and details ? 'payerId';
  update notices set details = '{}', next_try_at = null, failure = case when sent_at is null then 'erased' end
    where person_id = p_person;
  delete from idempotency_keys where caller = 'person:' || p_person;

  perform audit(v_account, 'person.erased', 'person', p_person::text, null, null);
  return 'erased';
end $function$;

CREATE OR REPLACE FUNCTION public.first_api_key_holder()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  insert into api_key_holders (api_key_id, since, member_id) values (new.id, new.created_at, new.member_id);
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.follow_email()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  delete from auth.verifications where value = new.id::text;
  perform tell_person('email-changed:' || uuid_v7(new.updated_at), 'email-changed', new.id, null,
    jsonb_build_object('to', old.email), new.updated_at);
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.follow_password()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  -- links to choose another one, and second factors that were asked for after the old one
  delete from auth.verifications where value = new.person_id::text;
  perform tell_person('password-changed:' || uuid_v7(new.updated_at), 'password-changed', new.person_id, null, '{}', new.updated_at);
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.follow_two_factor()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if new.two_factor_enabled then
    -- sessions that were opened with a password alone
    delete from auth.sessions where person_id = new.id;
  end if;
  perform tell_person('two-factor:' || uuid_v7(new.updated_at),
    case when new.two_factor_enabled then 'two-factor-enabled' else 'two-factor-disabled' end, new.id, null, '{}', new.updated_at);
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.forget_card_of_erased()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if tg_op = 'INSERT' then
    perform 1 from auth.people where id = new.person_id for key share;
  end if;
  if exists (select from auth.people where id = new.person_id and erased_at is not null) then
    new.detached_at := coalesce(new.detached_at, new.created_at);
    new.brand := '';
    new.last4 := '';
    new.consent_address := null;
  end if;
  return new;
end $function$;

CREATE OR REPLACE FUNCTION public.forget_kept_answers()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  delete from idempotency_keys where caller = new.id::text;
  update idempotency_keys k set body = jsonb_set(k.body, '{email}', to_jsonb(new.email))
    from auth.invitations i
    where i.email = new.email and k.caller = 'person:' || i.inviter_id and k.resource_id = i.id and k.body ? 'email';
  update idempotency_keys k set body = jsonb_set(k.body, '{member,name}', to_jsonb(new.name))
    from api_key_holders h join api_keys a on a.id = h.api_key_id
    where h.member_id = new.id and k.caller = a.created_by::text and k.resource_id = a.id
      and k.body #>> '{member,id}' = new.id::text;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.forget_payload_of_erased()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if exists (
    select from customers c join auth.people p on p.id = c.person_id
      where c.stripe_id in (new.payload #>> '{data,object,customer}', new.object_id) and p.erased_at is not null
    union all
    select from payment_methods m join auth.people p on p.id = m.person_id
      where m.id = new.object_id and p.erased_at is not null
  ) then
    new.payload := '{}';
  end if;
  return new;
end $function$;

CREATE OR REPLACE FUNCTION public.forget_receipt_email()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  new.receipt_email := null;
  return new;
end $function$;

CREATE OR REPLACE FUNCTION public.free_auto_top_up(p_account uuid, p_reason text, p_now timestamp with time zone)
 RETURNS boolean
 LANGUAGE plpgsql
AS $function$
declare
  v_id uuid;
begin
  perform 1 from auto_top_up_rules where account_id = p_account for update;
  select id into v_id from top_ups
    where account_id = p_account and mode = 'auto' and state in ('open', 'processing', 'unknown') for update;
  if v_id is null then
    return true;
  end if;
  if exists (select 1 from top_up_attempts where top_up_id = v_id and ended_at is null) then
    return false;
  end if;
  perform close_top_up(v_id, p_reason, p_now);
  return true;
end $function$;

CREATE OR REPLACE FUNCTION public.freeze_account(p_account uuid, p_now timestamp with time zone)
 RETURNS boolean
 LANGUAGE plpgsql
AS $function$
declare
  v_state text;
begin
  select state into v_state from account_balances where account_id = p_account for update;
  if not found then
    perform refuse('account-not-found', 'There is no such account.');
  elsif v_state = 'closed' then
    perform refuse('account-closed', 'The account is closed for good.');
  elsif v_state = 'frozen' then
    return false;
  end if;
  update account_balances set state = 'frozen', rung_at = coalesce(rung_at, p_now) where account_id = p_account;
  perform free_auto_top_up(p_account, 'account-frozen', p_now);
  return true;
end $function$;

CREATE OR REPLACE FUNCTION public.hand_over_api_key(p_key uuid, p_to uuid, p_now timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
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
end $function$;

CREATE OR REPLACE FUNCTION public.is_steward_locked(p_account uuid, p_person uuid)
 RETURNS boolean
 LANGUAGE plpgsql
AS $function$
begin
  perform 1 from accounts a join auth.members m on m.organization_id = a.owner_id
    where a.id = p_account and a.owner_type = 'organization' and m.person_id = p_person for share of m;
  return may_sponsor(p_account, p_person);
end $function$;

CREATE OR REPLACE FUNCTION public.keep_api_key()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
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
end $function$;

CREATE OR REPLACE FUNCTION public.keep_api_key_secret()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if tg_op = 'DELETE' or new.hash <> old.hash or new.api_key_id <> old.api_key_id or new.prefix <> old.prefix
    or new.created_at <> old.created_at or (old.ends_at is not null and (new.ends_at is null or new.ends_at > old.ends_at)) then
    perform refuse('record-immutable', format('a secret of API key %s stays what it is', old.api_key_id));
  end if;
  return new;
end $function$;

CREATE OR REPLACE FUNCTION public.keep_closed()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  perform refuse('record-immutable', format('organization %s is closed', old.id));
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.keep_invitation()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  perform refuse('record-immutable', format('invitation %s stays what it is', old.id));
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.keep_membership()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  perform refuse('record-immutable', 'a membership changes only its role');
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.keep_name()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  insert into names (subject_id, since, name)
    values (new.id, case tg_op when 'INSERT' then new.created_at else acting_now() end, new.name)
    on conflict (subject_id, since) do update set name = excluded.name;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.keep_paid()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  perform refuse('record-immutable', format('top-up %s was paid', old.id));
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.keep_service_token()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
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
end $function$;

CREATE OR REPLACE FUNCTION public.ledger_counterpart(p_type public.entry_type)
 RETURNS public.ledger_account
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select (case p_type
    when 'usage' then 'revenue'
    when 'grant' then 'grants'
    when 'adjustment' then 'adjustments'
    else 'stripe'
  end)::ledger_account
$function$;

CREATE OR REPLACE FUNCTION public.lift_suspension_of_renewed_card()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  delete from card_suspensions s where s.fingerprint = new.fingerprint and s.reason = 'card-data'
    and not exists (
      select from payment_methods m where m.fingerprint = new.fingerprint and m.id <> new.id
        and (m.exp_year, m.exp_month) >= (new.exp_year, new.exp_month));
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.lock_organization(p_organization uuid)
 RETURNS uuid
 LANGUAGE plpgsql
AS $function$
declare
  v_account uuid;
begin
  select b.account_id into v_account from accounts a join account_balances b on b.account_id = a.id
    where a.owner_type = 'organization' and a.owner_id = p_organization for update of b;
  perform 1 from auto_top_up_rules where account_id = v_account for update;
  perform 1 from auth.organizations where id = p_organization for update;
  return v_account;
end $function$;

CREATE OR REPLACE FUNCTION public.may_sponsor(p_account uuid, p_person uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE
AS $function$
  select exists (
    select 1 from accounts a where a.id = p_account and a.owner_type = 'person' and a.owner_id = p_person
    union all
    select 1 from accounts a join auth.members m on m.organization_id = a.owner_id
      where a.id = p_account and a.owner_type = 'organization' and m.person_id = p_person and m.role in ('owner', 'admin')
  );
$function$;

CREATE OR REPLACE FUNCTION public.name_at(p_subject uuid, p_at timestamp with time zone)
 RETURNS text
 LANGUAGE sql
 STABLE
AS $function$
  select coalesce(
    (select name from names where subject_id = p_subject and since <= p_at order by since desc limit 1),
    (select name from names where subject_id = p_subject order by since limit 1))
$function$;

CREATE OR REPLACE FUNCTION public.name_request()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
declare
  v_request text;
begin
  select t.request_id into v_request from top_ups t where t.id = (new.details ->> 'topUpId')::uuid;
  v_request := coalesce(v_request, nullif(current_setting('coffer.request_id', true), ''));
  if v_request is not null then
    new.details := new.details || jsonb_build_object('requestId', v_request);
  end if;
  return new;
end $function$;

CREATE OR REPLACE FUNCTION public.next_attempt_allowed_at(p_account uuid, p_now timestamp with time zone)
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE
AS $function$
  select a.first_sent_at + d.attempts_within
    from deployment d
    cross join lateral (
      select a.first_sent_at from top_ups t join top_up_attempts a on a.top_up_id = t.id
        where t.account_id = p_account and t.mode = 'auto' and t.created_at > p_now - interval '3 days' - d.attempts_within
          and a.first_sent_at > p_now - d.attempts_within
        order by a.first_sent_at desc offset d.attempts_most - 1 limit 1
    ) a;
$function$;

CREATE OR REPLACE FUNCTION public.notify_prices()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  perform pg_notify('prices', '');
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.open_account(p_account uuid)
 RETURNS TABLE(epoch bigint, seq bigint, posted bigint, pending bigint, held bigint, state text, more boolean, top_up_in_flight uuid, threshold bigint, decision text, reason text)
 LANGUAGE plpgsql
AS $function$
begin
  update account_balances b set epoch = b.epoch + 1 where b.account_id = p_account;
  return query select * from account_standing(p_account);
end $function$;

CREATE OR REPLACE FUNCTION public.open_owner_account()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  perform create_account(uuid_v7(new.created_at), tg_argv[0], new.id, (select currency from deployment), new.created_at);
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.post_pending(p_account uuid, p_epoch bigint, p_after_seq bigint, p_most_commands integer, p_now timestamp with time zone)
 RETURNS TABLE(epoch bigint, seq bigint, posted bigint, pending bigint, held bigint, state text, more boolean, top_up_in_flight uuid, threshold bigint, decision text, reason text, entries_written integer, commands_refused integer)
 LANGUAGE plpgsql
AS $function$
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
end $function$;

CREATE OR REPLACE FUNCTION public.quarantine_payment(p_payment_intent text, p_top_up uuid, p_reason text, p_cents bigint, p_currency text, p_details jsonb, p_now timestamp with time zone)
 RETURNS boolean
 LANGUAGE plpgsql
AS $function$
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
end $function$;

CREATE OR REPLACE FUNCTION public.record_decline(p_top_up uuid, p_attempt integer, p_class text, p_code text, p_payment_intent text, p_now timestamp with time zone)
 RETURNS timestamp with time zone
 LANGUAGE plpgsql
AS $function$
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
end $function$;

CREATE OR REPLACE FUNCTION public.record_usage(p_now timestamp with time zone, p_skip_locked boolean, p_from_unpriced boolean, g_account uuid[], g_member uuid[], g_key uuid[], g_model text[], g_batched boolean[], g_price integer[], p_group integer[], p_ordinal integer[], p_id text[], p_day date[], p_probe boolean[], p_input integer[], p_cached integer[], p_written integer[], p_output integer[], p_cost bigint[], p_occurred timestamp with time zone[], p_hold uuid[], p_batch text[], p_metadata jsonb[])
 RETURNS TABLE(outcome text, event_group integer, event_ordinal integer, event_cost bigint, account_id uuid, pending bigint)
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
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
end $function$;

CREATE OR REPLACE FUNCTION public.refuse(p_code text, p_message text)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  raise exception '%', p_message using errcode = 'P0001', constraint = p_code;
end $function$;

CREATE OR REPLACE FUNCTION public.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  perform refuse('record-immutable', format('%s is append-only: %s refused', tg_table_name, lower(tg_op)));
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.refuse_the_erased()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  perform 1 from auth.people where id = new.person_id for key share;
  if exists (select from auth.people where id = new.person_id and erased_at is not null) then
    perform refuse('person-erased', 'This person was erased.');
  end if;
  return new;
end $function$;

CREATE OR REPLACE FUNCTION public.require_key_member()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
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
end $function$;

CREATE OR REPLACE FUNCTION public.require_open_organization()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
declare
  v_closed_at timestamptz;
begin
  select closed_at into v_closed_at from auth.organizations where id = new.organization_id for share;
  if v_closed_at is not null then
    perform refuse('account-closed', 'The organization is closed.');
  end if;
  return new;
end $function$;

CREATE OR REPLACE FUNCTION public.require_owner()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
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
  if not exists (select from auth.organizations where id = v_organization and closed_at is null) then
    return null;
  end if;
  perform 1 from auth.members where organization_id = v_organization and role = 'owner';
  if not found then
    perform refuse('last-owner', 'An organization always has an owner: make somebody else an owner first.');
  end if;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.require_steward()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if not is_steward_locked(new.account_id, new.sponsor_id) then
    perform refuse('forbidden', 'Only an owner or admin sponsors auto top-up.');
  end if;
  return new;
end $function$;

CREATE OR REPLACE FUNCTION public.require_steward_to_resume()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if not is_steward_locked(new.account_id, new.sponsor_id) then
    new.state := 'suspended';
    new.suspension := 'sponsor-left';
    new.suspended_until := null;
  end if;
  return new;
end $function$;

CREATE OR REPLACE FUNCTION public.resolve_quarantine(p_payment_intent text, p_resolution text, p_reason text, p_operator text, p_account uuid, p_command uuid, p_now timestamp with time zone)
 RETURNS uuid
 LANGUAGE plpgsql
AS $function$
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
end $function$;

CREATE OR REPLACE FUNCTION public.revoke_api_keys(p_account uuid, p_member uuid, p_now timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  perform 1 from api_keys where account_id = p_account and (p_member is null or member_id = p_member)
    and revoked_at is null order by id for update;
  update api_keys set revoked_at = p_now where account_id = p_account and (p_member is null or member_id = p_member)
    and revoked_at is null;
end $function$;

CREATE OR REPLACE FUNCTION public.revoke_invitations_of_member()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
declare
  v_role text := null;
begin
  if tg_op = 'UPDATE' then
    v_role := new.role;
  end if;
  update auth.invitations i set status = 'revoked', ended_at = acting_now()
    where i.organization_id = old.organization_id and i.inviter_id = old.person_id and i.status = 'pending'
      and (v_role is null or v_role = 'member' or (v_role = 'admin' and i.role = 'owner'));
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.revoke_keys_of_member()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  perform revoke_api_keys(account_of_organization(old.organization_id), old.person_id, acting_now());
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.scrub_notice()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  new.details := new.details - array['link', 'linkUntil', 'newEmail', 'secret', 'to'];
  return new;
end $function$;

CREATE OR REPLACE FUNCTION public.set_auto_top_up(p_account uuid, p_sponsor uuid, p_payment_method text, p_threshold bigint, p_amount bigint, p_target bigint, p_cap bigint, p_resume boolean, p_now timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  if p_resume and auto_top_up_on_hold(p_account)
    and not exists (select 1 from auto_top_up_rules where account_id = p_account and state = 'enabled') then
    perform refuse('payment-under-review', 'A payment of auto top-up here is under review. Auto top-up goes on when an operator has decided about it.');
  end if;
  insert into auto_top_up_rules (account_id, revision, sponsor_id, payment_method_id, threshold, amount, target_balance,
      monthly_cap, next_evaluation_at, created_at, updated_at)
    values (p_account, (select coalesce(max(t.rule_revision), 0) + 1 from top_ups t where t.account_id = p_account),
      p_sponsor, p_payment_method, p_threshold, p_amount, p_target, p_cap, p_now, p_now, p_now)
    on conflict (account_id) do update set sponsor_id = p_sponsor, payment_method_id = p_payment_method,
      threshold = p_threshold, amount = p_amount, target_balance = p_target, monthly_cap = p_cap,
      revision = auto_top_up_rules.revision + 1, next_evaluation_at = p_now, updated_at = p_now,
      state = case when p_resume then 'enabled' else auto_top_up_rules.state end,
      suspension = case when not p_resume then auto_top_up_rules.suspension end,
      suspended_until = case when not p_resume then auto_top_up_rules.suspended_until end,
      declines_in_a_row = case when p_resume then 0 else auto_top_up_rules.declines_in_a_row end;
  perform free_auto_top_up(p_account, 'rule-changed', p_now);
end $function$;

CREATE OR REPLACE FUNCTION public.stewards_of(p_account uuid)
 RETURNS TABLE(person_id uuid)
 LANGUAGE sql
 STABLE
AS $function$
  select m.person_id from accounts a join auth.members m on m.organization_id = a.owner_id
    where a.id = p_account and a.owner_type = 'organization' and m.role in ('owner', 'admin')
  union
  select a.owner_id from accounts a where a.id = p_account and a.owner_type = 'person';
$function$;

CREATE OR REPLACE FUNCTION public.store_command(p_id uuid, p_account uuid, p_key text, p_type public.entry_type, p_amount bigint, p_details jsonb, p_now timestamp with time zone)
 RETURNS boolean
 LANGUAGE plpgsql
AS $function$
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
end $function$;

CREATE OR REPLACE FUNCTION public.store_unpriced_usage(p_account uuid, p_id text, p_day date, p_member uuid, p_key uuid, p_model text, p_batched boolean, p_input integer, p_cached integer, p_written integer, p_output integer, p_occurred timestamp with time zone, p_now timestamp with time zone, p_hold uuid, p_batch text, p_metadata jsonb)
 RETURNS text
 LANGUAGE plpgsql
AS $function$
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
end $function$;

CREATE OR REPLACE FUNCTION public.suspend_auto_top_up(p_account uuid, p_reason text, p_until timestamp with time zone, p_now timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
declare
  r auto_top_up_rules%rowtype;
  v_failed top_ups%rowtype;
begin
  update auto_top_up_rules set state = 'suspended', suspension = p_reason, suspended_until = p_until, revision = revision + 1,
      next_evaluation_at = p_now, updated_at = p_now
    where account_id = p_account and state = 'enabled' returning * into r;
  if not found then
    return;
  end if;
  if p_reason = 'authentication' then
    select * into v_failed from top_ups
      where account_id = p_account and mode = 'auto' and state = 'not-completed' and reason = 'authentication' order by id desc limit 1;
  end if;
  -- the revision alone may have been that of a rule removed since
  perform tell_person(
      format('suspended:%s:%s:%s:%s', p_account, extract(epoch from r.created_at), r.revision, s.person_id),
      case when v_failed.payer_id = s.person_id then 'auto-top-up-recovery' else 'auto-top-up-suspended' end, s.person_id, p_account,
      case when v_failed.payer_id = s.person_id then jsonb_build_object('topUpId', v_failed.id, 'amount', v_failed.amount::text)
        else jsonb_build_object('reason', p_reason, 'sponsorId', r.sponsor_id) end, p_now)
    from stewards_of(p_account) s;
  perform free_auto_top_up(p_account, 'rule-suspended', p_now);
end $function$;

CREATE OR REPLACE FUNCTION public.suspend_rules_of_card()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  perform 1 from account_balances
    where account_id in (select account_id from auto_top_up_rules where payment_method_id = new.id) order by account_id for update;
  perform suspend_auto_top_up(r.account_id, 'card-removed', null, new.detached_at)
    from (select account_id from auto_top_up_rules where payment_method_id = new.id order by account_id) r;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.suspend_rules_of_member()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
declare
  v_account uuid;
begin
  for v_account in
    select x.account_id from auto_top_up_rules x join accounts a on a.id = x.account_id
      where x.sponsor_id = old.person_id and a.owner_type = 'organization' and a.owner_id = old.organization_id
        and x.state = 'enabled' and not may_sponsor(x.account_id, old.person_id)
      order by x.account_id
  loop
    perform suspend_auto_top_up(v_account, 'sponsor-left', null, acting_now());
    perform tell_person(format('sponsorship-ended:%s:%s:%s', v_account, old.person_id, r.revision), 'sponsorship-ended',
        old.person_id, v_account, '{}', acting_now())
      from auto_top_up_rules r where r.account_id = v_account;
  end loop;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.tell_invited(p_invitation uuid, p_secret text, p_now timestamp with time zone)
 RETURNS void
 LANGUAGE sql
AS $function$
  insert into notices (id, key, kind, invitation_id, account_id, details, created_at, next_try_at)
    select uuid_v7(p_now), format('invitation:%s:%s', i.id, i.sends), 'invitation', i.id,
      account_of_organization(i.organization_id),
      jsonb_build_object('secret', p_secret, 'linkUntil', i.expires_at), p_now, p_now
    from auth.invitations i where i.id = p_invitation
    on conflict (key) do nothing;
$function$;

CREATE OR REPLACE FUNCTION public.tell_person(p_key text, p_kind text, p_person uuid, p_account uuid, p_details jsonb, p_now timestamp with time zone)
 RETURNS void
 LANGUAGE sql
AS $function$
  insert into notices (id, key, kind, person_id, account_id, details, created_at, next_try_at)
    values (uuid_v7(p_now), p_key, p_kind, p_person, p_account, p_details, p_now, p_now)
    on conflict (key) do nothing;
$function$;

CREATE OR REPLACE FUNCTION public.tell_stewards(p_key text, p_kind text, p_account uuid, p_details jsonb, p_now timestamp with time zone)
 RETURNS void
 LANGUAGE sql
AS $function$
  select tell_person(p_key || ':' || s.person_id, p_kind, s.person_id, p_account, p_details, p_now) from stewards_of(p_account) s;
$function$;

CREATE OR REPLACE FUNCTION public.unfreeze_account(p_account uuid, p_now timestamp with time zone)
 RETURNS boolean
 LANGUAGE plpgsql
AS $function$
declare
  v_state text;
begin
  select state into v_state from account_balances where account_id = p_account for update;
  if not found then
    perform refuse('account-not-found', 'There is no such account.');
  elsif v_state = 'closed' then
    perform refuse('account-closed', 'The account is closed for good.');
  elsif v_state = 'open' then
    return false;
  end if;
  update auto_top_up_rules set next_evaluation_at = p_now where account_id = p_account;
  update account_balances set state = 'open', rung_at = coalesce(rung_at, p_now) where account_id = p_account;
  return true;
end $function$;

CREATE OR REPLACE FUNCTION public.usage_not_recorded(g_account uuid[], g_key uuid[], g_model text[], g_batched boolean[], g_price integer[], v_accounts uuid[], v_position bigint[], p_group integer[], p_ordinal integer[], p_id text[], p_day date[], p_input integer[], p_cached integer[], p_written integer[], p_output integer[], p_cost bigint[], p_occurred timestamp with time zone[], p_hold uuid[], p_batch text[], p_metadata jsonb[])
 RETURNS TABLE(outcome text, event_group integer, event_ordinal integer, event_cost bigint)
 LANGUAGE plpgsql
 STABLE
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
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
end $function$;

CREATE OR REPLACE FUNCTION public.usage_standing(g_account uuid[], p_group integer[], p_id text[], p_day date[], p_probe boolean[], p_offsets integer[])
 RETURNS bigint[]
 LANGUAGE plpgsql
 STABLE
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
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
end $function$;

CREATE OR REPLACE FUNCTION public.uuid_v7(p_at timestamp with time zone)
 RETURNS uuid
 LANGUAGE sql
AS $function$
  select encode(
    set_bit(set_bit(
      overlay(uuid_send(gen_random_uuid())
        placing substring(int8send(floor(extract(epoch from p_at) * 1000)::int8) from 3) from 1 for 6),
      52, 1), 53, 1),
    'hex')::uuid
$function$;

-- Views

create view public.ledger_lines as
 SELECT entries.account_id,
    entries.seq,
    entries.currency,
    entries.debit AS ledger_account,
    entries.amount AS debit_amount,
    (0)::bigint AS credit_amount
   FROM public.entries
UNION ALL
 SELECT entries.account_id,
    entries.seq,
    entries.currency,
    entries.credit AS ledger_account,
    (0)::bigint AS debit_amount,
    entries.amount AS credit_amount
   FROM public.entries;

-- Foreign keys

alter table auth.credentials add constraint credentials_person_id_fkey FOREIGN KEY (person_id) REFERENCES auth.people(id) ON DELETE CASCADE;
alter table auth.invitations add constraint invitations_inviter_id_fkey FOREIGN KEY (inviter_id) REFERENCES auth.people(id);
alter table auth.invitations add constraint invitations_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES auth.organizations(id);
alter table auth.members add constraint members_invitation_id_fkey FOREIGN KEY (invitation_id) REFERENCES auth.invitations(id);
alter table auth.members add constraint members_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES auth.organizations(id);
alter table auth.members add constraint members_person_id_fkey FOREIGN KEY (person_id) REFERENCES auth.people(id);
alter table auth.sessions add constraint sessions_active_organization_id_fkey FOREIGN KEY (active_organization_id) REFERENCES auth.organizations(id) ON DELETE SET NULL;
alter table auth.sessions add constraint sessions_person_id_fkey FOREIGN KEY (person_id) REFERENCES auth.people(id) ON DELETE CASCADE;
alter table auth.two_factors add constraint two_factors_person_id_fkey FOREIGN KEY (person_id) REFERENCES auth.people(id) ON DELETE CASCADE;
alter table public.account_balances add constraint account_balances_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);
alter table public.api_key_holders add constraint api_key_holders_api_key_id_fkey FOREIGN KEY (api_key_id) REFERENCES public.api_keys(id);
alter table public.api_key_holders add constraint api_key_holders_member_id_fkey FOREIGN KEY (member_id) REFERENCES auth.people(id);
alter table public.api_key_secrets add constraint api_key_secrets_api_key_id_fkey FOREIGN KEY (api_key_id) REFERENCES public.api_keys(id);
alter table public.api_keys add constraint api_keys_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);
alter table public.api_keys add constraint api_keys_member_id_fkey FOREIGN KEY (member_id) REFERENCES auth.people(id);
alter table public.audit_lines add constraint audit_lines_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);
alter table public.auto_top_up_evaluations add constraint auto_top_up_evaluations_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);
alter table public.auto_top_up_rules add constraint auto_top_up_rules_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account_balances(account_id);
alter table public.auto_top_up_rules add constraint auto_top_up_rules_payment_method_id_fkey FOREIGN KEY (payment_method_id) REFERENCES public.payment_methods(id);
alter table public.auto_top_up_rules add constraint auto_top_up_rules_sponsor_id_fkey FOREIGN KEY (sponsor_id) REFERENCES auth.people(id);
alter table public.card_setups add constraint card_setups_payment_method_id_fkey FOREIGN KEY (payment_method_id) REFERENCES public.payment_methods(id);
alter table public.card_setups add constraint card_setups_person_id_fkey FOREIGN KEY (person_id) REFERENCES auth.people(id);
alter table public.customers add constraint customers_person_id_fkey FOREIGN KEY (person_id) REFERENCES auth.people(id);
alter table public.entries add constraint entries_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);
alter table public.entries add constraint entries_command_id_fkey FOREIGN KEY (command_id) REFERENCES public.ledger_commands(id);
alter table public.ledger_commands add constraint ledger_commands_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account_balances(account_id);
alter table public.notices add constraint notices_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);
alter table public.notices add constraint notices_invitation_id_fkey FOREIGN KEY (invitation_id) REFERENCES auth.invitations(id);
alter table public.notices add constraint notices_person_id_fkey FOREIGN KEY (person_id) REFERENCES auth.people(id);
alter table public.payment_methods add constraint payment_methods_person_id_fkey FOREIGN KEY (person_id) REFERENCES auth.people(id);
alter table public.quarantined_payments add constraint quarantined_payments_top_up_id_fkey FOREIGN KEY (top_up_id) REFERENCES public.top_ups(id);
alter table public.service_tokens add constraint service_tokens_created_by_fkey FOREIGN KEY (created_by) REFERENCES auth.people(id);
alter table public.service_tokens add constraint service_tokens_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES auth.organizations(id);
alter table public.top_up_attempts add constraint top_up_attempts_top_up_id_fkey FOREIGN KEY (top_up_id) REFERENCES public.top_ups(id);
alter table public.top_ups add constraint top_ups_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account_balances(account_id);
alter table public.top_ups add constraint top_ups_payer_id_fkey FOREIGN KEY (payer_id) REFERENCES auth.people(id);
alter table public.top_ups add constraint top_ups_recovers_fkey FOREIGN KEY (recovers) REFERENCES public.top_ups(id);
alter table public.unpriced_usage add constraint unpriced_usage_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);
alter table public.verify_checkpoints add constraint verify_checkpoints_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);

-- Indexes

CREATE INDEX credentials_of_person ON auth.credentials USING btree (person_id);
CREATE UNIQUE INDEX invitation_pending ON auth.invitations USING btree (organization_id, email) WHERE (status = 'pending'::text);
CREATE INDEX invitations_of_inviter ON auth.invitations USING btree (inviter_id) WHERE (status = 'pending'::text);
CREATE INDEX invitations_of_organization ON auth.invitations USING btree (organization_id);
CREATE INDEX invitations_to_email ON auth.invitations USING btree (email);
CREATE INDEX members_of_person ON auth.members USING btree (person_id);
CREATE INDEX organizations_by_slug ON auth.organizations USING btree (slug text_pattern_ops);
CREATE INDEX organizations_by_word ON auth.organizations USING gin (to_tsvector('simple'::regconfig, name)) WITH (fastupdate=off);
CREATE INDEX people_by_email ON auth.people USING btree (email text_pattern_ops);
CREATE INDEX people_by_word ON auth.people USING gin (to_tsvector('simple'::regconfig, name)) WITH (fastupdate=off);
CREATE INDEX sessions_by_expiry ON auth.sessions USING btree (expires_at);
CREATE INDEX sessions_of_person ON auth.sessions USING btree (person_id);
CREATE INDEX two_factors_by_secret ON auth.two_factors USING btree (secret);
CREATE INDEX two_factors_of_person ON auth.two_factors USING btree (person_id);
CREATE INDEX verifications_by_expiry ON auth.verifications USING btree (expires_at);
CREATE INDEX verifications_by_identifier ON auth.verifications USING btree (identifier);
CREATE INDEX account_balances_below_zero ON public.account_balances USING btree (account_id) WHERE (low_water < 0);
CREATE INDEX account_balances_not_open ON public.account_balances USING btree (state, account_id) WHERE (state <> 'open'::text);
CREATE INDEX account_balances_pending ON public.account_balances USING btree (pending_since) WHERE (pending_since IS NOT NULL);
CREATE INDEX account_balances_rung ON public.account_balances USING btree (rung_at) WHERE (rung_at IS NOT NULL);
CREATE UNIQUE INDEX api_key_secret_in_force ON public.api_key_secrets USING btree (api_key_id) WHERE (ends_at IS NULL);
CREATE INDEX api_key_secrets_by_prefix ON public.api_key_secrets USING btree (prefix text_pattern_ops);
CREATE INDEX api_key_secrets_of_key ON public.api_key_secrets USING btree (api_key_id);
CREATE INDEX api_keys_of_account ON public.api_keys USING btree (account_id, id);
CREATE INDEX api_keys_of_member ON public.api_keys USING btree (member_id);
CREATE INDEX audit_lines_of_account ON public.audit_lines USING btree (account_id, "position");
CREATE INDEX audit_lines_of_actor ON public.audit_lines USING btree (actor_id, "position") WHERE (actor_id IS NOT NULL);
CREATE INDEX audit_lines_of_subject ON public.audit_lines USING btree (subject_id, "position");
CREATE INDEX auto_top_up_evaluations_of_account ON public.auto_top_up_evaluations USING btree (account_id, id);
CREATE INDEX auto_top_up_rules_due ON public.auto_top_up_rules USING btree (next_evaluation_at) WHERE (next_evaluation_at IS NOT NULL);
CREATE INDEX auto_top_up_rules_of_card ON public.auto_top_up_rules USING btree (payment_method_id);
CREATE INDEX auto_top_up_rules_of_sponsor ON public.auto_top_up_rules USING btree (sponsor_id);
CREATE INDEX card_setups_due ON public.card_setups USING btree (next_check_at) WHERE (next_check_at IS NOT NULL);
CREATE INDEX card_setups_of_person ON public.card_setups USING btree (person_id);
CREATE INDEX customers_to_delete ON public.customers USING btree (delete_at) WHERE ((delete_at IS NOT NULL) AND (deleted_at IS NULL));
CREATE INDEX entries_by_time ON public.entries USING btree (account_id, last_position, seq) WHERE (type <> 'usage'::public.entry_type);
CREATE INDEX idempotency_keys_by_claim ON public.idempotency_keys USING btree (claimed_at);
CREATE INDEX ledger_commands_of_account ON public.ledger_commands USING btree (account_id, arrival);
CREATE INDEX ledger_commands_of_payer ON public.ledger_commands USING btree (((details ->> 'payerId'::text))) WHERE (details ? 'payerId'::text);
CREATE INDEX ledger_commands_waiting ON public.ledger_commands USING btree (account_id, arrival) WHERE (state = 'waiting'::text);
CREATE INDEX notices_of_invitation ON public.notices USING btree (invitation_id) WHERE (invitation_id IS NOT NULL);
CREATE INDEX notices_of_person ON public.notices USING btree (person_id) WHERE (person_id IS NOT NULL);
CREATE INDEX notices_over ON public.notices USING btree (created_at) WHERE (next_try_at IS NULL);
CREATE INDEX notices_waiting ON public.notices USING btree (next_try_at) WHERE (next_try_at IS NOT NULL);
CREATE INDEX payment_methods_of_person ON public.payment_methods USING btree (person_id, created_at);
CREATE INDEX quarantined_payments_by_time ON public.quarantined_payments USING btree (found_at, payment_intent_id);
CREATE INDEX quarantined_payments_of_top_up ON public.quarantined_payments USING btree (top_up_id) WHERE (top_up_id IS NOT NULL);
CREATE INDEX rate_limits_expired ON public.rate_limits USING btree (expire);
CREATE INDEX rejected_usage_recent ON public.rejected_usage USING btree (received_at);
CREATE INDEX service_tokens_by_prefix ON public.service_tokens USING btree (prefix text_pattern_ops) WHERE (organization_id IS NOT NULL);
CREATE INDEX service_tokens_of_organization ON public.service_tokens USING btree (organization_id, id) WHERE (organization_id IS NOT NULL);
CREATE UNIQUE INDEX top_up_episode ON public.top_ups USING btree (account_id, trigger_seq, rule_revision) WHERE (mode = 'auto'::text);
CREATE UNIQUE INDEX top_up_in_flight ON public.top_ups USING btree (account_id) WHERE ((mode = 'auto'::text) AND (state = ANY (ARRAY['open'::text, 'processing'::text, 'unknown'::text])));
CREATE UNIQUE INDEX top_up_recovery ON public.top_ups USING btree (recovers) WHERE ((recovers IS NOT NULL) AND (state = ANY (ARRAY['open'::text, 'processing'::text, 'unknown'::text])));
CREATE INDEX top_ups_auto_by_month ON public.top_ups USING btree (account_id, created_at) WHERE (mode = 'auto'::text);
CREATE INDEX top_ups_due ON public.top_ups USING btree (next_check_at) WHERE (next_check_at IS NOT NULL);
CREATE INDEX top_ups_of_account ON public.top_ups USING btree (account_id, id);
CREATE INDEX top_ups_pages_to_end ON public.top_ups USING btree (end_page_at) WHERE ((end_page_at IS NOT NULL) AND (next_check_at IS NOT NULL));
CREATE INDEX top_ups_recovering ON public.top_ups USING btree (recovers) WHERE (recovers IS NOT NULL);
CREATE INDEX unpriced_usage_waiting ON public.unpriced_usage USING btree (model, received_at) WHERE (priced_at IS NULL);
CREATE INDEX usage_events_history ON public.usage_events USING btree (account_id, "position");
CREATE INDEX usage_rollups_of_key ON public.usage_rollups USING btree (api_key_id, recorded_day);
CREATE INDEX verify_runs_by_time ON public.verify_runs USING btree (started_at, id);
CREATE INDEX webhook_events_of_customer ON public.webhook_events USING btree (((payload #>> '{data,object,customer}'::text[]))) WHERE ((payload #>> '{data,object,customer}'::text[]) IS NOT NULL);
CREATE INDEX webhook_events_of_object ON public.webhook_events USING btree (object_id) WHERE (object_id IS NOT NULL);
CREATE INDEX webhook_events_succeeded ON public.webhook_events USING btree (object_id) WHERE (type = 'payment_intent.succeeded'::text);
CREATE INDEX webhook_events_waiting ON public.webhook_events USING btree (next_try_at) WHERE (state = 'waiting'::text);

-- Triggers

CREATE TRIGGER credentials_are_not_of_the_erased BEFORE INSERT ON auth.credentials FOR EACH ROW EXECUTE FUNCTION public.refuse_the_erased();
CREATE TRIGGER passwords_followed AFTER UPDATE OF password ON auth.credentials FOR EACH ROW WHEN (((old.password IS NOT NULL) AND (new.password IS DISTINCT FROM old.password))) EXECUTE FUNCTION public.follow_password();
CREATE TRIGGER invitation_changes_on_record AFTER UPDATE OF status, secret_hash ON auth.invitations FOR EACH ROW WHEN (((old.status <> new.status) OR (old.secret_hash <> new.secret_hash))) EXECUTE FUNCTION public.audit_invitation();
CREATE TRIGGER invitations_drop_their_mail AFTER UPDATE OF status, secret_hash ON auth.invitations FOR EACH ROW WHEN (((old.status <> new.status) OR (old.secret_hash <> new.secret_hash))) EXECUTE FUNCTION public.drop_invitation_mail();
CREATE TRIGGER invitations_on_record AFTER INSERT ON auth.invitations FOR EACH ROW EXECUTE FUNCTION public.audit_invitation();
CREATE TRIGGER invitations_stay BEFORE UPDATE ON auth.invitations FOR EACH ROW WHEN (((new.organization_id <> old.organization_id) OR (new.role <> old.role) OR ((old.status <> 'pending'::text) AND (new.status <> old.status)))) EXECUTE FUNCTION public.keep_invitation();
CREATE TRIGGER invitations_to_open_organizations BEFORE INSERT ON auth.invitations FOR EACH ROW EXECUTE FUNCTION public.require_open_organization();
CREATE TRIGGER member_roles_audited AFTER UPDATE OF role ON auth.members FOR EACH ROW WHEN ((old.role IS DISTINCT FROM new.role)) EXECUTE FUNCTION public.audit_member();
CREATE TRIGGER members_are_not_erased BEFORE INSERT ON auth.members FOR EACH ROW EXECUTE FUNCTION public.refuse_the_erased();
CREATE TRIGGER members_audited AFTER INSERT OR DELETE ON auth.members FOR EACH ROW EXECUTE FUNCTION public.audit_member();
CREATE TRIGGER members_join_open_organizations BEFORE INSERT ON auth.members FOR EACH ROW EXECUTE FUNCTION public.require_open_organization();
CREATE TRIGGER members_keep_their_person BEFORE UPDATE OF organization_id, person_id ON auth.members FOR EACH ROW WHEN (((old.organization_id <> new.organization_id) OR (old.person_id <> new.person_id))) EXECUTE FUNCTION public.keep_membership();
CREATE CONSTRAINT TRIGGER members_leave_an_owner AFTER DELETE OR UPDATE ON auth.members DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((old.role = 'owner'::text)) EXECUTE FUNCTION public.require_owner();
CREATE TRIGGER members_suspend_rules AFTER DELETE OR UPDATE OF role ON auth.members FOR EACH ROW EXECUTE FUNCTION public.suspend_rules_of_member();
CREATE TRIGGER members_take_invitations_along AFTER DELETE OR UPDATE OF role ON auth.members FOR EACH ROW EXECUTE FUNCTION public.revoke_invitations_of_member();
CREATE TRIGGER members_take_their_keys_along AFTER DELETE ON auth.members FOR EACH ROW EXECUTE FUNCTION public.revoke_keys_of_member();
CREATE TRIGGER organizations_have_an_account AFTER INSERT ON auth.organizations FOR EACH ROW EXECUTE FUNCTION public.open_owner_account('organization');
CREATE TRIGGER organizations_named AFTER INSERT OR UPDATE OF name ON auth.organizations FOR EACH ROW EXECUTE FUNCTION public.keep_name();
CREATE TRIGGER organizations_on_record AFTER INSERT ON auth.organizations FOR EACH ROW EXECUTE FUNCTION public.audit_organization();
CREATE TRIGGER organizations_renamed AFTER UPDATE OF name, slug ON auth.organizations FOR EACH ROW WHEN (((old.name <> new.name) OR (old.slug <> new.slug))) EXECUTE FUNCTION public.audit_organization();
CREATE CONSTRAINT TRIGGER organizations_start_with_an_owner AFTER INSERT ON auth.organizations DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.require_owner();
CREATE TRIGGER organizations_stay_closed BEFORE UPDATE ON auth.organizations FOR EACH ROW WHEN (((old.closed_at IS NOT NULL) AND ((new.closed_at IS DISTINCT FROM old.closed_at) OR (new.name <> old.name) OR (new.slug <> old.slug)))) EXECUTE FUNCTION public.keep_closed();
CREATE TRIGGER emails_followed AFTER UPDATE OF email ON auth.people FOR EACH ROW WHEN ((new.email IS DISTINCT FROM old.email)) EXECUTE FUNCTION public.follow_email();
CREATE TRIGGER people_erased AFTER UPDATE OF erased_at ON auth.people FOR EACH ROW WHEN (((old.erased_at IS NULL) AND (new.erased_at IS NOT NULL))) EXECUTE FUNCTION public.forget_kept_answers();
CREATE TRIGGER people_have_an_account AFTER INSERT ON auth.people FOR EACH ROW EXECUTE FUNCTION public.open_owner_account('person');
CREATE TRIGGER people_named AFTER INSERT OR UPDATE OF name ON auth.people FOR EACH ROW EXECUTE FUNCTION public.keep_name();
CREATE TRIGGER two_factor_followed AFTER UPDATE OF two_factor_enabled ON auth.people FOR EACH ROW WHEN ((new.two_factor_enabled IS DISTINCT FROM old.two_factor_enabled)) EXECUTE FUNCTION public.follow_two_factor();
CREATE TRIGGER sessions_are_not_of_the_erased BEFORE INSERT ON auth.sessions FOR EACH ROW EXECUTE FUNCTION public.refuse_the_erased();
CREATE TRIGGER sessions_replace_expired AFTER INSERT ON auth.sessions FOR EACH ROW EXECUTE FUNCTION public.drop_expired_sessions();
CREATE TRIGGER account_states_audited AFTER UPDATE OF state ON public.account_balances FOR EACH ROW WHEN ((old.state IS DISTINCT FROM new.state)) EXECUTE FUNCTION public.audit_account_state();
CREATE CONSTRAINT TRIGGER balance_follows_entries AFTER UPDATE OF posted, open_seq ON public.account_balances DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (((old.posted IS DISTINCT FROM new.posted) OR (old.open_seq IS DISTINCT FROM new.open_seq))) EXECUTE FUNCTION public.check_posted();
CREATE TRIGGER closed_accounts_end_keys_and_tokens AFTER UPDATE OF state ON public.account_balances FOR EACH ROW WHEN (((old.state <> 'closed'::text) AND (new.state = 'closed'::text))) EXECUTE FUNCTION public.end_keys_and_tokens();
CREATE TRIGGER closed_accounts_end_their_pages AFTER UPDATE OF state ON public.account_balances FOR EACH ROW WHEN (((old.state <> 'closed'::text) AND (new.state = 'closed'::text))) EXECUTE FUNCTION public.end_pages_of_closed();
CREATE TRIGGER api_key_holders_immutable BEFORE DELETE OR UPDATE ON public.api_key_holders FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER api_key_secrets_stay BEFORE DELETE OR UPDATE ON public.api_key_secrets FOR EACH ROW EXECUTE FUNCTION public.keep_api_key_secret();
CREATE TRIGGER api_key_changes_audited AFTER UPDATE ON public.api_keys FOR EACH ROW WHEN ((old.* IS DISTINCT FROM new.*)) EXECUTE FUNCTION public.audit_api_key();
CREATE TRIGGER api_keys_announced AFTER INSERT OR UPDATE ON public.api_keys FOR EACH ROW EXECUTE FUNCTION public.announce_change();
CREATE TRIGGER api_keys_audited AFTER INSERT ON public.api_keys FOR EACH ROW EXECUTE FUNCTION public.audit_api_key();
CREATE TRIGGER api_keys_have_a_holder AFTER INSERT ON public.api_keys FOR EACH ROW EXECUTE FUNCTION public.first_api_key_holder();
CREATE TRIGGER api_keys_have_a_member BEFORE INSERT ON public.api_keys FOR EACH ROW EXECUTE FUNCTION public.require_key_member();
CREATE TRIGGER api_keys_named AFTER INSERT OR UPDATE OF name ON public.api_keys FOR EACH ROW EXECUTE FUNCTION public.keep_name();
CREATE TRIGGER api_keys_stay BEFORE DELETE OR UPDATE ON public.api_keys FOR EACH ROW EXECUTE FUNCTION public.keep_api_key();
CREATE TRIGGER audit_lines_immutable BEFORE DELETE OR UPDATE ON public.audit_lines FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER audit_lines_not_truncated BEFORE TRUNCATE ON public.audit_lines FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER auto_top_up_rule_changes_audited AFTER UPDATE ON public.auto_top_up_rules FOR EACH ROW WHEN (((old.sponsor_id <> new.sponsor_id) OR (old.payment_method_id <> new.payment_method_id) OR (old.threshold <> new.threshold) OR (old.amount IS DISTINCT FROM new.amount) OR (old.target_balance IS DISTINCT FROM new.target_balance) OR (old.monthly_cap <> new.monthly_cap) OR (old.state <> new.state))) EXECUTE FUNCTION public.audit_rule();
CREATE TRIGGER auto_top_up_rules_audited AFTER INSERT OR DELETE ON public.auto_top_up_rules FOR EACH ROW EXECUTE FUNCTION public.audit_rule();
CREATE TRIGGER rules_are_set_for_stewards BEFORE INSERT OR UPDATE OF sponsor_id ON public.auto_top_up_rules FOR EACH ROW WHEN ((new.state = 'enabled'::text)) EXECUTE FUNCTION public.require_steward();
CREATE TRIGGER rules_resume_for_stewards BEFORE UPDATE OF state ON public.auto_top_up_rules FOR EACH ROW WHEN ((new.state = 'enabled'::text)) EXECUTE FUNCTION public.require_steward_to_resume();
CREATE TRIGGER charge_limit_audited AFTER UPDATE OF attempts_most, attempts_within ON public.deployment FOR EACH ROW WHEN (((old.attempts_most IS DISTINCT FROM new.attempts_most) OR (old.attempts_within IS DISTINCT FROM new.attempts_within))) EXECUTE FUNCTION public.audit_charge_limit();
CREATE TRIGGER entries_apply BEFORE INSERT ON public.entries FOR EACH ROW EXECUTE FUNCTION public.apply_entry();
CREATE TRIGGER entries_immutable BEFORE DELETE OR UPDATE ON public.entries FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER entries_not_truncated BEFORE TRUNCATE ON public.entries FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER ledger_commands_audited AFTER INSERT ON public.ledger_commands FOR EACH ROW EXECUTE FUNCTION public.audit_command();
CREATE TRIGGER ledger_commands_name_request BEFORE INSERT ON public.ledger_commands FOR EACH ROW EXECUTE FUNCTION public.name_request();
CREATE TRIGGER notices_keep_no_link BEFORE UPDATE ON public.notices FOR EACH ROW WHEN (((new.next_try_at IS NULL) AND (new.details ?| ARRAY['link'::text, 'secret'::text, 'to'::text]))) EXECUTE FUNCTION public.scrub_notice();
CREATE TRIGGER payment_methods_of_the_erased BEFORE INSERT OR UPDATE ON public.payment_methods FOR EACH ROW EXECUTE FUNCTION public.forget_card_of_erased();
CREATE TRIGGER payment_methods_renewed AFTER UPDATE OF exp_year, exp_month ON public.payment_methods FOR EACH ROW WHEN ((ROW(new.exp_year, new.exp_month) > ROW(old.exp_year, old.exp_month))) EXECUTE FUNCTION public.lift_suspension_of_renewed_card();
CREATE TRIGGER payment_methods_saved_renewed AFTER INSERT ON public.payment_methods FOR EACH ROW EXECUTE FUNCTION public.lift_suspension_of_renewed_card();
CREATE TRIGGER payment_methods_suspend_rules AFTER UPDATE OF detached_at ON public.payment_methods FOR EACH ROW WHEN (((old.detached_at IS NULL) AND (new.detached_at IS NOT NULL))) EXECUTE FUNCTION public.suspend_rules_of_card();
CREATE TRIGGER prices_check BEFORE INSERT ON public.prices FOR EACH ROW EXECUTE FUNCTION public.check_price();
CREATE TRIGGER prices_immutable BEFORE DELETE OR UPDATE ON public.prices FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER prices_notify AFTER INSERT ON public.prices FOR EACH STATEMENT EXECUTE FUNCTION public.notify_prices();
CREATE TRIGGER payments_kept_out_audited AFTER UPDATE OF resolution ON public.quarantined_payments FOR EACH ROW WHEN (((old.resolution IS NULL) AND (new.resolution = 'kept-out'::text))) EXECUTE FUNCTION public.audit_payment_kept_out();
CREATE TRIGGER service_token_revocations_audited AFTER UPDATE OF revoked_at ON public.service_tokens FOR EACH ROW WHEN ((old.revoked_at IS DISTINCT FROM new.revoked_at)) EXECUTE FUNCTION public.audit_service_token();
CREATE TRIGGER service_tokens_announced AFTER INSERT OR UPDATE OF revoked_at ON public.service_tokens FOR EACH ROW EXECUTE FUNCTION public.announce_change();
CREATE TRIGGER service_tokens_audited AFTER INSERT ON public.service_tokens FOR EACH ROW EXECUTE FUNCTION public.audit_service_token();
CREATE TRIGGER service_tokens_named AFTER INSERT ON public.service_tokens FOR EACH ROW EXECUTE FUNCTION public.keep_name();
CREATE TRIGGER service_tokens_of_open_organizations BEFORE INSERT ON public.service_tokens FOR EACH ROW WHEN ((new.organization_id IS NOT NULL)) EXECUTE FUNCTION public.require_open_organization();
CREATE TRIGGER service_tokens_stay BEFORE DELETE OR UPDATE ON public.service_tokens FOR EACH ROW EXECUTE FUNCTION public.keep_service_token();
CREATE TRIGGER top_ups_forget_receipt_emails BEFORE UPDATE ON public.top_ups FOR EACH ROW WHEN (((new.state = ANY (ARRAY['paid'::text, 'not-completed'::text])) AND (new.receipt_email IS NOT NULL))) EXECUTE FUNCTION public.forget_receipt_email();
CREATE TRIGGER top_ups_stay_paid BEFORE UPDATE ON public.top_ups FOR EACH ROW WHEN (((old.state = 'paid'::text) AND ((new.state <> 'paid'::text) OR (new.amount <> old.amount) OR (new.payment_intent_id IS DISTINCT FROM old.payment_intent_id)))) EXECUTE FUNCTION public.keep_paid();
CREATE TRIGGER usage_events_immutable BEFORE DELETE OR UPDATE ON public.usage_events FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER webhook_events_of_the_erased BEFORE INSERT ON public.webhook_events FOR EACH ROW EXECUTE FUNCTION public.forget_payload_of_erased();
