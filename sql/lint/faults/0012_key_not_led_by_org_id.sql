-- finds inventory.items_sku_key
-- and 0063 inventory.items_sku_key
alter table inventory.items add unique (sku);

-- org_id is in it, but not first.
-- finds inventory.planted
-- and 0063 inventory.planted
create unique index planted on inventory.locations (code, org_id);

-- Partial, and over an expression.
-- finds inventory.planted
-- and 0017 inventory.planted
-- and 0063 inventory.planted
create unique index planted on inventory.locations (substr(code, 1)) where kind = 'store';

-- finds inventory.import_rejects_pkey
alter table inventory.import_rejects drop constraint import_rejects_pkey, add primary key (import_id, line);

-- finds inventory.import_rejects
alter table inventory.import_rejects drop constraint import_rejects_pkey;

-- It forbids that two organizations have the same value.
-- finds inventory.planted
-- and 0063 inventory.planted
alter table inventory.locations add constraint planted exclude using btree (code with =);

-- finds nothing
create unique index planted on inventory.locations (org_id, code, kind) include (name);
alter table inventory.locations add exclude using btree (org_id with =, code with =);
create index on inventory.locations (org_id, name);
