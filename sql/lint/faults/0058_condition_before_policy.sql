-- finds inventory.items
-- and 0061 inventory.items
grant select on inventory.items to stockade_api;

-- Another policy may let more through, not less.
-- finds inventory.items
-- and 0061 inventory.items
grant select on inventory.items to stockade_api;
create policy tenant_first on inventory.items as restrictive for select to stockade_api using (true);

-- It costs as much as a comparison of the statement, or more.
-- finds inventory.items
-- and 0061 inventory.items
grant select on inventory.items to stockade_api;
create policy tenant_first on inventory.items as restrictive for select to stockade_api
  using (org_id = (select tenancy.current_org()));

-- finds inventory.items
-- and 0061 inventory.items
grant select on inventory.items to stockade_api;
create policy tenant_first on inventory.items as restrictive for select to stockade_jobs
  using ((json_object(org_id : true returning jsonb))[(select tenancy.current_org()::text)] is not null);

-- A role that is granted a table is a login role of Stockade, whatever its name.
-- finds inventory.locations
-- and 0045 planted
-- and 0061 inventory.locations
create role planted login;
grant select on inventory.locations to planted;

-- It costs less than any comparison, but an element of a constant costs nothing.
-- finds inventory.locations
-- and 0061 inventory.locations
grant select on inventory.locations to stockade_api;
create policy tenant_first on inventory.locations as restrictive for select to stockade_api
  using ((case when org_id = any (array[(select tenancy.current_org())]) then true end) is not null);

-- finds nothing
-- and 0061 inventory.items
grant select on inventory.items to stockade_api;
create policy tenant_first on inventory.items as restrictive for select to public
  using ((json_object(org_id : true returning jsonb))[(select tenancy.current_org()::text)] is not null);
