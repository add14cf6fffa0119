-- finds inventory.items
drop policy tenant on inventory.items;

-- One verb is missing.
-- finds inventory.items
drop policy tenant on inventory.items;
create policy reading on inventory.items for select using (org_id = (select tenancy.current_org()));
create policy writing on inventory.items for insert with check (org_id = (select tenancy.current_org()));
create policy removing on inventory.items for delete using (org_id = (select tenancy.current_org()));

-- It applies to one role, and the next role will get its own policy.
-- finds inventory.items
alter policy tenant on inventory.items to stockade_api;

-- A restrictive policy lets nothing through.
-- finds inventory.items
drop policy tenant on inventory.items;
create policy tenant on inventory.items as restrictive
  using (org_id = (select tenancy.current_org()))
  with check (org_id = (select tenancy.current_org()));

-- finds nothing
drop policy tenant on inventory.items;
create policy reading on inventory.items for select using (org_id = (select tenancy.current_org()));
create policy writing on inventory.items for insert with check (org_id = (select tenancy.current_org()));
create policy changing on inventory.items for update
  using (org_id = (select tenancy.current_org()))
  with check (org_id = (select tenancy.current_org()));
create policy removing on inventory.items for delete using (org_id = (select tenancy.current_org()));
