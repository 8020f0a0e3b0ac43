-- Kept answers: what is stored for repetitions of a request says no more than its row who somebody was.

/* Of a person who is erased, their own answers go; those of others who invited them or made a key of theirs stay, so that
   a repetition still does nothing, without the name and the address. */
create function forget_kept_answers() returns trigger language plpgsql as $$
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
end $$;
-- by then their invitations bear the new address
create trigger people_erased after update of erased_at on auth.people
  for each row when (old.erased_at is null and new.erased_at is not null) execute function forget_kept_answers();
