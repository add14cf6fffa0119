-- finds tenant on inventory.items
drop policy tenant on inventory.items;
create policy tenant on inventory.items using (org_id = (select tenancy.current_org()));

-- finds planted on inventory.items
create policy planted on inventory.items for update to stockade_api using (org_id = (select tenancy.current_org()));
