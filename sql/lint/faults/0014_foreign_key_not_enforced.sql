-- finds balances_org_id_item_id_fkey on inventory.balances
alter table inventory.balances
  drop constraint balances_org_id_item_id_fkey,
  add foreign key (org_id, item_id) references inventory.items (org_id, id) not valid;

-- since Postgres 18
-- finds balances_org_id_item_id_fkey on inventory.balances
alter table inventory.balances alter constraint balances_org_id_item_id_fkey not enforced;

-- finds balances_org_id_item_id_fkey on inventory.balances
-- finds balances_org_id_location_id_fkey on inventory.balances
alter table inventory.balances disable trigger all;

-- The other side: deleting an item then leaves balances that refer to nothing.
-- finds item_aliases_org_id_item_id_fkey on inventory.item_aliases
-- finds items_org_id_fkey on inventory.items
-- finds balances_org_id_item_id_fkey on inventory.balances
-- finds reservation_lines_org_id_item_id_fkey on inventory.reservation_lines
alter table inventory.items disable trigger all;
