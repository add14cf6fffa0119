--! concurrently
-- The indexes of the ledger: a movement by its entry and line, the movements of a balance in the order of their entries, and
-- those of an item and of a location in the order in which they are listed. They are built while others write.
create unique index concurrently movements_org_id_entry_id_line_key on inventory.movements (org_id, entry_id, line);
create index concurrently movements_key on inventory.movements (org_id, item_id, location_id, lot, entry_id);
create index concurrently movements_of_item on inventory.movements (org_id, item_id, recorded_at desc, entry_id desc, line);
create index concurrently movements_of_location on inventory.movements (org_id, location_id, recorded_at desc, entry_id desc, line);
