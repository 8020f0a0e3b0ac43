-- Requests: a top-up names the request behind it, and so does the command that its payment becomes.

/* Of a manual top-up the request for it; of an auto top-up the one whose usage or command took the balance below the
   threshold, as far as the ring told. */
alter table top_ups add column request_id text default nullif(current_setting('coffer.request_id', true), '');

/* A command names its top-up's request, else the one in whose transaction it is stored. */
create function name_request() returns trigger language plpgsql as $$
declare
  v_request text;
begin
  select t.request_id into v_request from top_ups t where t.id = (new.details ->> 'topUpId')::uuid;
  v_request := coalesce(v_request, nullif(current_setting('coffer.request_id', true), ''));
  if v_request is not null then
    new.details := new.details || jsonb_build_object('requestId', v_request);
  end if;
  return new;
end $$;
create trigger ledger_commands_name_request before insert on ledger_commands
  for each row execute function name_request();
