-- finds tenancy.current_actor()
grant execute on function tenancy.current_actor() to public;

-- Nobody said so: it is what Postgres does for a role without default privileges.
-- finds inventory.planted()
create function inventory.planted() returns integer language sql security definer set search_path = '' as 'select 1';
alter function inventory.planted() owner to stockade_owner;
