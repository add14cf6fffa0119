-- finds inventory.imports.planted
alter table inventory.imports add column planted bigint generated always as identity;

-- finds inventory.imports.planted
alter table inventory.imports add column planted bigserial;

-- finds inventory.imports.planted
set local role stockade_owner;
create sequence inventory.counter;
alter table inventory.imports add column planted text default 'import-' || nextval('inventory.counter'::text);
