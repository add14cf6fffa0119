-- finds inventory.items
-- finds inventory.item_aliases
alter table inventory.items drop constraint items_org_id_fkey;

-- The table it refers to is not connected to organizations.
-- finds inventory.imports
-- finds inventory.import_rejects
alter table inventory.imports drop constraint imports_org_id_fkey;

-- A reference that may be null guarantees nothing.
-- finds inventory.import_rejects
set local role stockade_owner;
alter table inventory.import_rejects
  drop constraint import_rejects_org_id_import_id_fkey,
  drop constraint import_rejects_pkey,
  add primary key (org_id, line),
  alter column import_id drop not null,
  add foreign key (org_id, import_id) references inventory.imports (org_id, id);
