--! concurrently
-- The indexes of the keys that begin with the organization. They are built while others write; the switch makes them
-- constraints.
create unique index concurrently items_org_id_id_key on inventory.items (org_id, id);
create unique index concurrently items_org_id_sku_key on inventory.items (org_id, sku);
create unique index concurrently locations_org_id_id_key on inventory.locations (org_id, id);
create unique index concurrently locations_org_id_code_key on inventory.locations (org_id, code);
