-- finds inventory.planted(text)
-- and 0062 inventory.planted(text)
set local role stockade_owner;
create function inventory.planted(p_email text) returns bigint language sql stable security definer set search_path = ''
as $$ select count(*) from tenancy.memberships m join tenancy.users u on u.id = m.user_id where u.email = p_email $$;
grant execute on function inventory.planted(text) to stockade_api;

-- A listed function reads one more table.
-- finds tenancy.list_members(integer,text)
-- finds tenancy.list_members(integer,text)
-- and 0062 tenancy.list_members(integer,text)
create or replace function tenancy.list_members(p_limit integer, p_after_email text) returns setof json
language sql stable security definer set search_path = ''
as $$ select to_json(o) from tenancy.memberships m, tenancy.users u, tenancy.organizations o $$;

-- A listed function is granted to another role.
-- finds tenancy.import_users(text[])
-- finds tenancy.import_users(text[])
-- and 0062 tenancy.import_users(text[])
grant execute on function tenancy.import_users(text[]) to stockade_api;

-- It reads with dynamic SQL.
-- finds inventory.planted(text)
-- and 0027 inventory.planted(text)
set local role stockade_owner;
create function inventory.planted(p_table text) returns bigint language plpgsql stable security definer set search_path = ''
as $$ declare n bigint; begin execute format('select count(*) from tenancy.%I', p_table) into n; return n; end $$;
grant execute on function inventory.planted(text) to stockade_jobs;

-- In any spelling.
-- finds inventory.planted()
set local role stockade_owner;
create function inventory.planted() returns bigint language sql stable security definer set search_path = ''
as $$ select count(*) from "tenancy" . "users" $$;
grant execute on function inventory.planted() to stockade_api;

-- A function that it calls reads the table, or a view does.
-- finds inventory.planted()
-- finds inventory.planted_too()
set local role stockade_owner;
create function inventory.planted_helper() returns bigint language sql stable set search_path = ''
as $$ select count(*) from tenancy.users $$;
create function inventory.planted() returns bigint language sql stable security definer set search_path = ''
as $$ select inventory.planted_helper() $$;
create view inventory.planted_view with (security_invoker = true) as select email from tenancy.users;
create function inventory.planted_too() returns bigint language sql stable security definer set search_path = ''
as $$ select count(*) from inventory.planted_view $$;
grant execute on function inventory.planted(), inventory.planted_too() to stockade_api;

-- A function that it calls runs dynamic SQL.
-- finds inventory.planted()
-- and 0027 inventory.planted_helper(text)
set local role stockade_owner;
create function inventory.planted_helper(p_table text) returns bigint language plpgsql stable set search_path = ''
as $$ declare n bigint; begin execute format('select count(*) from tenancy.%I', p_table) into n; return n; end $$;
create function inventory.planted() returns bigint language sql stable security definer set search_path = ''
as $$ select inventory.planted_helper('users') $$;
grant execute on function inventory.planted() to stockade_api;

-- It runs as its caller, or nobody may call it, or it names another table.
-- finds nothing
-- and 0062 inventory.planted_three()
set local role stockade_owner;
create function inventory.planted() returns bigint language sql stable set search_path = ''
as $$ select count(*) from tenancy.users $$;
create function inventory.planted_too() returns bigint language sql stable security definer set search_path = ''
as $$ select count(*) from tenancy.users $$;
create function inventory.planted_three() returns bigint language sql stable security definer set search_path = ''
as $$ select count(*) from inventory.items /* and not tenancy.users */ $$;
grant execute on function inventory.planted(), inventory.planted_three() to stockade_api;
