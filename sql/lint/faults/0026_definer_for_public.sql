-- finds tenancy.current_actor()
grant execute on function tenancy.current_actor() to public;

-- Nobody granted it: Postgres does so for a role without default privileges.
-- finds inventory.planted()
create function inventory.planted() returns integer language sql security definer set search_path = '' as 'select 1';
alter function inventory.planted() owner to stockade_owner;
