-- finds inventory.planted()
set local role stockade_owner;
create function inventory.planted() returns integer language sql security definer as 'select 1';

-- finds inventory.planted()
set local role stockade_owner;
create function inventory.planted() returns integer language sql security definer set search_path = inventory, pg_temp
as 'select 1';

-- finds tenancy.current_org()
-- and 0031 tenancy.current_org()
alter function tenancy.current_org() reset search_path;

-- finds nothing
set local role stockade_owner;
create function inventory.planted() returns integer language sql security definer set search_path = '' as 'select 1';
create function inventory.planted_too() returns integer language sql as 'select 1';
