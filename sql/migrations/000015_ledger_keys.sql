--! concurrently
-- The indexes of the ledger: a movement by its entry and line, the movements of a balance in the order of their entries, and
-- those of an item, of a location, and of an item at a location in the order in which they are listed, backwards. They are
-- built while others write.
--
-- Of indexes that cost the same, Postgres takes the one that was created last. Without statistics of values it expects few
-- rows everywhere, so that many do: an index with more columns comes after one with fewer.
create index concurrently movements_of_location on inventory.movements (org_id, location_id, recorded_at, entry_id, line desc);
create index concurrently movements_of_item on inventory.movements (org_id, item_id, recorded_at, entry_id, line desc);
create index concurrently movements_of_item_at_location
  on inventory.movements (org_id, item_id, location_id, recorded_at, entry_id, line desc);
create index concurrently movements_key on inventory.movements (org_id, item_id, location_id, lot, entry_id);
create unique index concurrently movements_org_id_entry_id_line_key on inventory.movements (org_id, entry_id, line);
