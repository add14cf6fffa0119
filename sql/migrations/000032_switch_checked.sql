-- What the switch added without reading the rows is read now, while others write.
alter table inventory.items validate constraint items_sku_check;
alter table inventory.items validate constraint items_org_id_fkey;
alter table inventory.locations validate constraint locations_code_check;
alter table inventory.locations validate constraint locations_org_id_fkey;
alter table inventory.balances validate constraint balances_org_id_item_id_fkey;
alter table inventory.balances validate constraint balances_org_id_location_id_fkey;
alter table inventory.movements validate constraint movements_org_id_entry_id_fkey;
