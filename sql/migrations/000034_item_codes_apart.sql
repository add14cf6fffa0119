--! needs inventory/codes
-- The SKU of an item is no alias of another one.
create trigger codes_apart_inserted
  after insert on inventory.items
  referencing new table as written
  for each statement execute function inventory.keep_item_codes_apart();
alter table inventory.items enable always trigger codes_apart_inserted;
create trigger codes_apart_updated
  after update on inventory.items
  referencing new table as written
  for each statement execute function inventory.keep_item_codes_apart();
alter table inventory.items enable always trigger codes_apart_updated;
-- allow trigger-on-table: no row is read, and the file creates nothing but these triggers, in an instant.
-- allow several-tables-locked: after 200 ms it gives up, before Postgres looks for a deadlock, and the runner tries again.
create trigger codes_apart_inserted
  after insert on inventory.item_aliases
  referencing new table as written
  for each statement execute function inventory.keep_item_codes_apart();
alter table inventory.item_aliases enable always trigger codes_apart_inserted;
