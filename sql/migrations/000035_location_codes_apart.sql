--! needs inventory/codes
-- The code of a location is no alias of another one.
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
-- allow trigger-on-table: no row is read, and the file creates nothing but these triggers, in an instant.
-- allow several-tables-locked: after 200 ms it gives up, before Postgres looks for a deadlock, and the runner tries again.
create trigger codes_apart_inserted
  after insert on inventory.location_aliases
  referencing new table as written
  for each statement execute function inventory.keep_location_codes_apart();
alter table inventory.location_aliases enable always trigger codes_apart_inserted;
