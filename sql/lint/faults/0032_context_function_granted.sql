-- finds tenancy.rotate_context_key()
grant execute on function tenancy.rotate_context_key() to stockade_api;

-- finds tenancy.enter_as_job(uuid)
-- and 0054 tenancy.enter_as_job(uuid)
-- and 0054 tenancy.enter_as_job(uuid)
-- and 0062 tenancy.enter_as_job(uuid)
grant execute on function tenancy.enter_as_job(uuid) to stockade_api;

-- finds tenancy.sign_context(uuid,text,text[],integer)
grant execute on function tenancy.sign_context(uuid, text, text[], integer) to stockade_admin;

-- finds tenancy.verified_context()
grant execute on function tenancy.verified_context() to stockade_api;

-- A new function that enters an organization through an existing one.
-- finds inventory.planted(uuid)
-- and 0054 inventory.planted(uuid)
-- and 0062 inventory.planted(uuid)
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

-- In any spelling.
-- finds inventory.planted(uuid)
set local role stockade_owner;
create function inventory.planted(p_org_id uuid) returns text language sql security definer set search_path = ''
as $$ select tenancy . "sign_context" (p_org_id, 'job', array['read'], null) $$;
grant execute on function inventory.planted(uuid) to stockade_api;

-- A new function that makes others enter an organization.
-- finds inventory.planted(uuid)
set local role stockade_owner;
create function inventory.planted_helper(p_org_id uuid) returns text language sql set search_path = ''
as $$ select tenancy.sign_context(p_org_id, 'job', array['read'], null) $$;
create function inventory.planted_too(p_org_id uuid) returns text language sql set search_path = ''
as $$ select "inventory"."planted_helper"(p_org_id) $$;
create function inventory.planted(p_org_id uuid) returns text language sql security definer set search_path = ''
as $$ select inventory.planted_too(p_org_id) $$;
grant execute on function inventory.planted(uuid) to stockade_api;

-- A view shows it the keys.
-- finds inventory.planted()
set local role stockade_owner;
create view inventory.planted_keys with (security_invoker = true) as select inner_pad from tenancy.context_keys;
create view inventory.planted_too with (security_invoker = true) as select * from inventory.planted_keys;
create function inventory.planted() returns setof bytea language sql security definer set search_path = ''
as $$ select inner_pad from inventory.planted_too $$;
grant execute on function inventory.planted() to stockade_admin;

-- Nobody may call it, but adding an item runs it.
-- finds inventory.planted()
set local role stockade_owner;
create function inventory.planted() returns trigger language plpgsql security definer set search_path = ''
as $$ begin perform tenancy.enter_as_job(new.org_id); return new; end $$;
create trigger planted before insert on inventory.items for each row execute function inventory.planted();

-- It only reads which organization was entered.
-- finds nothing
set local role stockade_owner;
create function inventory.planted_helper() returns uuid language sql set search_path = ''
as $$ select tenancy.require_scope('read') $$;
create function inventory.planted() returns uuid language sql security definer set search_path = ''
as $$ select inventory.planted_helper() $$;
grant execute on function inventory.planted() to stockade_api;
