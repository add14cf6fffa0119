-- finds inventory.planted
set local role stockade_owner;
create materialized view inventory.planted as select * from inventory.items with no data;

-- Through a view, and through another one.
-- finds inventory.planted
set local role stockade_owner;
create view inventory.one with (security_invoker) as select sku from inventory.items;
create view inventory.two with (security_invoker) as select sku from inventory.one;
create materialized view inventory.planted as select sku from inventory.two with no data;

-- Through a function, which may read anything.
-- finds inventory.planted
set local role stockade_owner;
create materialized view inventory.planted as select tenancy.current_actor() as actor with no data;

-- finds nothing
set local role stockade_owner;
create materialized view inventory.planted as select id from tenancy.users with no data;
