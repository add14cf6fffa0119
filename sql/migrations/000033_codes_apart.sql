--! needs inventory/items
--! needs inventory/locations
-- A code that is an alias is not a SKU or the code of a location.
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
create trigger codes_apart_inserted
  after insert on inventory.item_aliases
  referencing new table as written
  for each statement execute function inventory.keep_item_codes_apart();
alter table inventory.item_aliases enable always trigger codes_apart_inserted;

create trigger codes_apart_inserted
  after insert on inventory.locations
  referencing new table as written
  for each statement execute function inventory.keep_location_codes_apart();
alter table inventory.locations enable always trigger codes_apart_inserted;
create trigger codes_apart_updated
  after update on inventory.locations
  referencing new table as written
  for each statement execute function inventory.keep_location_codes_apart();
alter table inventory.locations enable always trigger codes_apart_updated;
create trigger codes_apart_inserted
  after insert on inventory.location_aliases
  referencing new table as written
  for each statement execute function inventory.keep_location_codes_apart();
alter table inventory.location_aliases enable always trigger codes_apart_inserted;
