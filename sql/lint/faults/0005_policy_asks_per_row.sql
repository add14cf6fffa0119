-- finds tenant on inventory.items
alter policy tenant on inventory.items
  using (org_id = tenancy.current_org())
  with check (org_id = (select tenancy.current_org()));

-- finds tenant on inventory.items
alter policy tenant on inventory.items with check (org_id = tenancy.current_org());

-- Once wrapped and once not.
-- finds tenant on inventory.items
alter policy tenant on inventory.items
  using (org_id = (select tenancy.current_org()) or org_id = tenancy.current_org());
