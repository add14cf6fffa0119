-- finds inventory.planted
-- and 0058 inventory.items
-- and 0061 inventory.items
-- and 0063 inventory.planted
grant select on inventory.items to stockade_api;
create index planted on inventory.items (sku);

-- finds inventory.planted
-- and 0058 inventory.items
-- and 0061 inventory.items
-- and 0063 inventory.planted
grant select on inventory.items to stockade_api;
create index planted on inventory.items (sku, org_id);

-- finds inventory.planted
-- and 0017 inventory.planted
-- and 0058 inventory.items
-- and 0061 inventory.items
-- and 0063 inventory.planted
grant select on inventory.items to stockade_api;
create index planted on inventory.items (lower(sku));

-- finds inventory.planted
-- and 0058 inventory.items
-- and 0061 inventory.items
-- and 0063 inventory.planted
grant select on inventory.items to stockade_api;
create index planted on inventory.items using hash (sku);

-- finds inventory.planted
-- and 0058 inventory.movements
-- and 0061 inventory.movements
grant select on inventory.movements to stockade_api;
create index planted on inventory.movements using brin (recorded_at);

-- finds inventory.items_sku_key
-- and 0012 inventory.items_sku_key
-- and 0058 inventory.items
-- and 0061 inventory.items
-- and 0063 inventory.items_sku_key
grant select on inventory.items to stockade_api;
alter table inventory.items add unique (sku);

-- A column is enough to search by another one.
-- finds tenancy.memberships_user
-- and 0058 tenancy.memberships
-- and 0061 tenancy.memberships
grant select on tenancy.memberships to stockade_api;

-- finds tenancy.organizations_slug_key
-- and 0058 tenancy.organizations
-- and 0061 tenancy.organizations
grant select on tenancy.organizations to stockade_api;

-- finds nothing
-- and 0058 inventory.items
-- and 0061 inventory.items
grant select on inventory.items to stockade_api;
create index planted on inventory.items (org_id, sku);

-- finds nothing
-- and 0058 inventory.movements
-- and 0061 inventory.movements
grant select on inventory.movements to stockade_api;
create index planted on inventory.movements using brin (org_id, recorded_at);

-- The conditions that this index answers are not leakproof: they wait for the policy.
-- finds nothing
-- and 0017 inventory.planted
-- and 0058 inventory.items
-- and 0061 inventory.items
grant select on inventory.items to stockade_api;
create index planted on inventory.items using gin (metadata);

-- No login of organizations reads this table.
-- finds nothing
create index planted on inventory.reconciliation_state (run_id);
