-- finds inventory.planted
set local role stockade_owner;
create view inventory.planted as select * from inventory.items;

-- finds inventory.planted
set local role stockade_owner;
create view inventory.planted with (security_barrier, security_invoker = off) as select * from tenancy.users;

-- finds nothing
set local role stockade_owner;
create view inventory.planted with (security_invoker) as select * from inventory.items;
create view inventory.planted_too with (security_barrier, security_invoker = 1) as select * from inventory.items;
