-- finds tenancy.rotate_seal_key()
grant execute on function tenancy.rotate_seal_key() to stockade_api;

-- finds tenancy.enter_as_job(uuid)
-- and 0054 tenancy.enter_as_job(uuid)
-- and 0054 tenancy.enter_as_job(uuid)
grant execute on function tenancy.enter_as_job(uuid) to stockade_api;

-- finds tenancy.seal(uuid,text,text[],integer)
grant execute on function tenancy.seal(uuid, text, text[], integer) to stockade_admin;

-- finds tenancy.verified_context()
grant execute on function tenancy.verified_context() to stockade_api;

-- A new function that goes through a door of others.
-- finds inventory.planted(uuid)
set local role stockade_owner;
create function inventory.planted(p_org_id uuid) returns uuid language sql security definer set search_path = ''
as $$ select tenancy.enter_as_job(p_org_id) $$;
grant execute on function inventory.planted(uuid) to stockade_api;

-- A new function that sets the context by itself.
-- finds inventory.planted(text)
set local role stockade_owner;
create function inventory.planted(p_context text) returns text language sql security definer set search_path = ''
as $$ select set_config('stockade.context', p_context, true) $$;
grant execute on function inventory.planted(text) to stockade_jobs;
