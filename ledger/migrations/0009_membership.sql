-- Membership: organizations that close, invitations with a secret of their own, and the mail that carries it.

alter table auth.organizations add column closed_at timestamptz;
-- a slug stays taken when its organization closes: nobody inherits its name
alter table auth.organizations rename constraint organization_slug_unique to "slug-taken";

alter table auth.invitations
  alter column role set not null,
  -- SHA-256 of the secret in the link, which only the mail carries
  add column secret_hash bytea not null constraint invitation_secret_unique unique
    constraint invitation_secret_hash check (octet_length(secret_hash) = 32),
  add column sent_at timestamptz not null,
  add column sends int4 not null default 1,
  add column ended_at timestamptz,
  add constraint invitation_email check (email = lower(email)),
  -- `expired` only where a newer invitation took its place: until then it may be sent again
  add constraint invitation_status check (status in ('pending', 'accepted', 'declined', 'revoked', 'expired')),
  add constraint invitation_ended check ((status = 'pending') = (ended_at is null));
create unique index invitation_pending on auth.invitations (organization_id, email) where status = 'pending';
create index invitations_of_inviter on auth.invitations (inviter_id) where status = 'pending';

-- how somebody came to be a member
alter table auth.members add column invitation_id uuid references auth.invitations (id);

-- Mail to somebody who need not be a person of ours yet: the address is the invitation's, and nowhere else.
alter table notices
  alter column person_id drop not null,
  add column invitation_id uuid references auth.invitations (id),
  add constraint notice_reader check (num_nonnulls(person_id, invitation_id) = 1);
create index notices_of_invitation on notices (invitation_id) where invitation_id is not null;

/* Locks an organization for a change of its members, in the order in which everybody locks: its balance row, its
   rule, itself. Returns its account. */
create function lock_organization(p_organization uuid) returns uuid language plpgsql volatile as $$
declare
  v_account uuid;
begin
  select b.account_id into v_account from accounts a join account_balances b on b.account_id = a.id
    where a.owner_type = 'organization' and a.owner_id = p_organization for update of b;
  perform 1 from auto_top_up_rules where account_id = v_account for update;
  perform 1 from auth.organizations where id = p_organization for update;
  return v_account;
end $$;

/* An open organization never has zero owners; see migration 0002. One that is closed has nobody. */
create or replace function require_owner() returns trigger language plpgsql as $$
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
end $$;

/* Nobody joins a closed organization, nobody is invited to it, and no program gets a token of it. Whoever closes it
   waits for those who are joining, and then finds them. */
create function require_open_organization() returns trigger language plpgsql as $$
declare
  v_closed_at timestamptz;
begin
  select closed_at into v_closed_at from auth.organizations where id = new.organization_id for share;
  if v_closed_at is not null then
    perform refuse('account-closed', 'The organization is closed.');
  end if;
  return new;
end $$;
create trigger members_join_open_organizations before insert on auth.members
  for each row execute function require_open_organization();
create trigger invitations_to_open_organizations before insert on auth.invitations
  for each row execute function require_open_organization();
create trigger service_tokens_of_open_organizations before insert on service_tokens
  for each row when (new.organization_id is not null) execute function require_open_organization();

/* Closed is for good. */
create function keep_closed() returns trigger language plpgsql as $$
begin
  perform refuse('record-immutable', format('organization %s is closed', old.id));
  return null;
end $$;
create trigger organizations_stay_closed before update on auth.organizations
  for each row when (old.closed_at is not null and (new.closed_at is distinct from old.closed_at
    or new.name <> old.name or new.slug <> old.slug))
  execute function keep_closed();

/* Whose card a rule uses must be an owner or admin, judged with the membership locked: whoever lowers the role
   meanwhile waits, and then finds the rule. */
create function require_steward() returns trigger language plpgsql as $$
begin
  if not is_steward_locked(new.account_id, new.sponsor_id) then
    perform refuse('forbidden', 'Only an owner or admin sponsors auto top-up.');
  end if;
  return new;
end $$;

/* A rule that goes on by itself finds out that its sponsor has left meanwhile. */
create function require_steward_to_resume() returns trigger language plpgsql as $$
begin
  if not is_steward_locked(new.account_id, new.sponsor_id) then
    new.state := 'suspended';
    new.suspension := 'sponsor-left';
    new.suspended_until := null;
  end if;
  return new;
end $$;

create function is_steward_locked(p_account uuid, p_person uuid) returns boolean language plpgsql volatile as $$
begin
  perform 1 from accounts a join auth.members m on m.organization_id = a.owner_id
    where a.id = p_account and a.owner_type = 'organization' and m.person_id = p_person for share of m;
  return may_sponsor(p_account, p_person);
end $$;

-- in the order of their names: what is set by somebody is refused before it could be suspended
create trigger rules_are_set_for_stewards before insert or update of sponsor_id on auto_top_up_rules
  for each row when (new.state = 'enabled') execute function require_steward();
create trigger rules_resume_for_stewards before update of state on auto_top_up_rules
  for each row when (new.state = 'enabled') execute function require_steward_to_resume();

/* A sponsor who leaves or is demoted takes the card along, in that same transaction, and is told so. */
create or replace function suspend_rules_of_member() returns trigger language plpgsql as $$
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
end $$;

/* Invitations end with the right to make them: those of a member who leaves or is no longer an owner or admin, and
   those to become an owner of somebody who is no longer one. */
create function revoke_invitations_of_member() returns trigger language plpgsql as $$
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
end $$;
create trigger members_take_invitations_along after update of role or delete on auth.members
  for each row execute function revoke_invitations_of_member();

/* An invitation keeps whom it is for and what to; one that has ended stays as it ended. */
create function keep_invitation() returns trigger language plpgsql as $$
begin
  perform refuse('record-immutable', format('invitation %s stays what it is', old.id));
  return null;
end $$;
create trigger invitations_stay before update on auth.invitations for each row
  when (new.organization_id <> old.organization_id or new.role <> old.role
    or (old.status <> 'pending' and new.status <> old.status))
  execute function keep_invitation();

/* What is done about an invitation. Who accepts one becomes a member, which has a line of its own; that a newer one
   took the place of one that had expired is nobody's act. */
create function audit_invitation() returns trigger language plpgsql as $$
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
end $$;
create trigger invitations_on_record after insert on auth.invitations for each row execute function audit_invitation();
create trigger invitation_changes_on_record after update of status, secret_hash on auth.invitations
  for each row when (old.status <> new.status or old.secret_hash <> new.secret_hash) execute function audit_invitation();

/* Mail with a link that no longer works is not sent. */
create function drop_invitation_mail() returns trigger language plpgsql as $$
begin
  update notices set next_try_at = null, details = details - 'secret' where invitation_id = new.id and sent_at is null;
  return null;
end $$;
create trigger invitations_drop_their_mail after update of status, secret_hash on auth.invitations
  for each row when (old.status <> new.status or old.secret_hash <> new.secret_hash) execute function drop_invitation_mail();

/* Has the link of an invitation sent to its address. The secret stands here until the mail is out. */
create function tell_invited(p_invitation uuid, p_secret text, p_now timestamptz) returns void language sql volatile as $$
  insert into notices (id, key, kind, invitation_id, account_id, details, created_at, next_try_at)
    select uuid_v7(p_now), format('invitation:%s:%s', i.id, i.sends), 'invitation', i.id,
      account_of_organization(i.organization_id),
      jsonb_build_object('secret', p_secret, 'linkUntil', i.expires_at), p_now, p_now
    from auth.invitations i where i.id = p_invitation
    on conflict (key) do nothing;
$$;

/* Members come, change their role and go; who came by an invitation says by which. */
create or replace function audit_member() returns trigger language plpgsql as $$
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
end $$;

/* Closes an organization for good, in one go: no charge begins any more, its keys, tokens and invitations are revoked,
   everybody is told and nobody is a member any more. What it leaves on its balance is in the audit; ledger, usage and
   audit stay. Usage from before still posts; a payment that settles later is quarantined. Returns the account. */
create function close_organization(p_organization uuid, p_by uuid, p_now timestamptz) returns uuid
language plpgsql volatile as $$
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
  update account_balances set state = 'closed', rung_at = coalesce(rung_at, p_now) where account_id = v_account;
  update auth.organizations set closed_at = p_now where id = p_organization;
  update api_keys set revoked_at = p_now, revoked_by = p_by where account_id = v_account and revoked_at is null;
  update service_tokens set revoked_at = p_now, revoked_by = p_by
    where organization_id = p_organization and revoked_at is null;
  update auth.invitations set status = 'revoked', ended_at = p_now where organization_id = p_organization and status = 'pending';
  delete from auth.members where organization_id = p_organization;
  return v_account;
end $$;
