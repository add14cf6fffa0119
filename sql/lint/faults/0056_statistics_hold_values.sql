-- finds inventory.items
alter table inventory.items alter column sku set statistics 100;

-- finds inventory.items
alter table inventory.items alter column org_id set statistics -1;

-- finds inventory.items
alter table inventory.items add column planted text;

-- finds inventory.items
create index planted on inventory.items (org_id, md5(sku));

-- finds inventory.items
create statistics inventory.planted (dependencies) on unit, tracking from inventory.items;

-- finds nothing
create index planted on inventory.items (org_id, md5(sku));
alter index inventory.planted alter column 2 set statistics 0;
alter table inventory.items add column planted text;
alter table inventory.items alter column planted set statistics 0;
set local role stockade_owner;
create table inventory.planted_platform (id bigint primary key, name text);
comment on table inventory.planted_platform is 'Platform data: planted.';
