-- Verify: how far each account was found in order, and what every run found.

-- Where an account's next check since the checkpoint goes on. Only accounts in order have one.
create table verify_checkpoints (
  account_id uuid primary key references accounts (id),
  -- the last entry that was checked
  seq int8 not null,
  balance int8 not null,
  epoch int8 not null,
  position int8 not null,
  -- the sums of its usage events up to `position`, of the days recorded since; earlier days are closed
  recorded_since date,
  sums jsonb not null,
  -- the balance row as it was before the check: an account that still looks the same needs none
  seen text not null,
  checked_at timestamptz not null
);

create table verify_runs (
  id uuid primary key,
  scope text not null constraint verify_scope check (scope in ('full', 'since-checkpoint')),
  started_at timestamptz not null,
  finished_at timestamptz,
  clean boolean,
  accounts int8 not null default 0,
  entries int8 not null default 0,
  usage_events int8 not null default 0,
  -- per guarantee: how much was checked, how many offences, and the first offender
  checks jsonb not null default '[]',
  constraint verify_run_over check ((finished_at is null) = (clean is null))
);
create index verify_runs_by_time on verify_runs (started_at, id);

-- Checks go account by account, and from a payment to what Stripe told us of it.
create index ledger_commands_of_account on ledger_commands (account_id, arrival);
create index webhook_events_succeeded on webhook_events (object_id) where type = 'payment_intent.succeeded';
