-- finds inventory.balances.item_id
alter table inventory.balances drop constraint balances_org_id_item_id_fkey;

-- finds inventory.import_rejects.import_id
-- and 0053 inventory.import_rejects
alter table inventory.import_rejects drop constraint import_rejects_org_id_import_id_fkey;

-- finds inventory.imports.location
alter table inventory.imports add column location uuid;
