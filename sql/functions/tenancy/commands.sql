--! needs 000002_context
-- What login roles may not run.

create or replace function tenancy.refuse_command()
returns event_trigger
language plpgsql
security invoker
set search_path = ''
as $$
begin
  -- Within a function of the owner, the role is the owner's.
  if current_user in ('stockade_api', 'stockade_jobs', 'stockade_admin') then
    raise exception '% may not run %', current_user, tg_tag using errcode = '42501';
  end if;
end
$$;

comment on function tenancy.refuse_command is
  'Refuses a command on the schema when a login role of Stockade runs it: 42501. sql/watch.sql creates the event trigger that calls '
  'it, before the command takes a lock. CREATE RULE and CREATE TRIGGER lock their table, and wait for the lock, before they find '
  'that the caller may not run them.';
