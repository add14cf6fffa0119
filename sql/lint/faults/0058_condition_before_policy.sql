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

-- It costs less than any comparison, but an element of a constant costs nothing.
-- finds inventory.locations
alter policy tenant_first on inventory.locations
  using ((case when org_id = any (array[(select tenancy.current_org())]) then true end) is not null);

-- finds nothing
alter policy tenant_first on inventory.items to public;
