-- finds inventory.items
-- and 0058 inventory.items
grant select on inventory.items to stockade_api;

-- A column is enough.
-- finds inventory.movements
-- and 0058 inventory.movements
grant select (entry_id) on inventory.movements to stockade_api;

-- RETURNING and ON CONFLICT read what is written.
-- finds inventory.item_aliases
grant insert on inventory.item_aliases to stockade_api;

-- No policy comes early enough.
-- finds inventory.items
grant select on inventory.items to stockade_api;
create policy tenant_first on inventory.items as restrictive for select to stockade_api
  using ((json_object(org_id : true returning jsonb))[(select tenancy.current_org()::text)] is not null);

-- A role that is granted a table is a login role of Stockade, whatever its name.
-- finds inventory.locations
-- and 0045 planted
-- and 0058 inventory.locations
create role planted login;
grant select on inventory.locations to planted;

-- finds nothing
grant select on inventory.reconciliation_state to stockade_jobs;
