-- finds inventory.items
drop policy tenant_first on inventory.items;

-- Another policy may let more through, not less.
-- finds inventory.items
alter policy tenant_first on inventory.items using (true);

-- It costs as much as a comparison of the statement, or more.
-- finds inventory.items
alter policy tenant_first on inventory.items using (org_id = (select tenancy.current_org()));

-- finds inventory.items
alter policy tenant_first on inventory.items to stockade_jobs;

-- A role that is granted a table is a login role of Stockade, whatever its name.
-- finds inventory.locations
-- and 0045 planted
create role planted login;
grant select on inventory.locations to planted;

-- A test for null costs nothing, and an item may have no reorder point.
-- finds inventory.items
alter policy tenant_first on inventory.items using ((case when org_id = any (array[(select tenancy.current_org())]) then true end) is not null);

-- finds inventory.locations
alter table inventory.locations add column planted boolean not null default false, alter column planted set statistics 0;

-- finds nothing
alter policy tenant_first on inventory.items to public;

-- It takes longer, and shows as little.
-- finds nothing
alter policy tenant_first on inventory.locations
  using ((json_object(org_id : true returning jsonb))[(select tenancy.current_org()::text)] is not null);
