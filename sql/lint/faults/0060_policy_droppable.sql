-- finds tenant_first on inventory.entries
-- finds tenant_first on inventory.balances
-- finds tenant_first on inventory.imports
-- finds tenant_first on inventory.import_rejects
-- finds tenant_first on inventory.seals
-- finds tenant_first on inventory.seal_pages
-- finds tenant_first on inventory.seal_closings
-- finds tenant_first on inventory.seal_anchors
-- finds tenant_first on inventory.reconciliation_runs
-- finds tenant_first on inventory.discrepancies
-- finds tenant_first on inventory.item_aliases
-- finds tenant_first on inventory.location_aliases
-- finds tenant_first on inventory.items
-- finds tenant_first on inventory.locations
-- finds tenant_first on inventory.movements
-- finds tenant_first on tenancy.security_events
-- and 0051 tenancy.drop_owned_guard.nothing
revoke select (nothing) on tenancy.drop_owned_guard from stockade_api;

-- A privilege on the table is enough for Postgres to go on.
-- finds tenant_first on inventory.entries
-- finds tenant_first on inventory.balances
-- finds tenant_first on inventory.imports
-- finds tenant_first on inventory.import_rejects
-- finds tenant_first on inventory.seals
-- finds tenant_first on inventory.seal_pages
-- finds tenant_first on inventory.seal_closings
-- finds tenant_first on inventory.seal_anchors
-- finds tenant_first on inventory.reconciliation_runs
-- finds tenant_first on inventory.discrepancies
-- finds tenant_first on inventory.item_aliases
-- finds tenant_first on inventory.location_aliases
-- finds tenant_first on inventory.items
-- finds tenant_first on inventory.locations
-- finds tenant_first on inventory.movements
-- finds tenant_first on tenancy.security_events
-- and 0051 tenancy.drop_owned_guard
grant select on tenancy.drop_owned_guard to stockade_api;

-- finds planted on inventory.items
-- and 0045 stockade_planted
create role stockade_planted login;
create policy planted on inventory.items as restrictive to stockade_planted using (true);

-- finds nothing
create policy planted on inventory.items as restrictive to stockade_owner using (true);
