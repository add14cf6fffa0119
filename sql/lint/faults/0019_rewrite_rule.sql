-- finds planted on inventory.items
create rule planted as on insert to inventory.items do also delete from inventory.import_rejects;

-- A rule of a view acts with the rights of the view's owner, though the view reads with its caller's.
-- finds planted on inventory.planted
set local role stockade_owner;
create view inventory.planted with (security_invoker) as select org_id, sku from inventory.items;
create rule planted as on insert to inventory.planted do instead delete from inventory.import_rejects;
