--! concurrently
-- The indexes of the ledger: a movement by its entry and line, and the movements of a balance in the order of their
-- entries. They are built while others write.
create unique index concurrently movements_org_id_entry_id_line_key on inventory.movements (org_id, entry_id, line);
create index concurrently movements_key on inventory.movements (org_id, item_id, location_id, lot, entry_id);
