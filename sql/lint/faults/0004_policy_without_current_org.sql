-- finds planted on inventory.items
create policy planted on inventory.items using (true) with check (true);

-- For one role and one verb it is a leak as well.
-- finds planted on inventory.items
create policy planted on inventory.items for select to stockade_jobs using (true);

-- A setting anybody may set.
-- finds tenant on inventory.items
alter policy tenant on inventory.items using (org_id = current_setting('app.org_id', true)::uuid);

-- Reading is protected, writing is not.
-- finds tenant on inventory.items
alter policy tenant on inventory.items with check (true);

-- An exception covers what it allows, and nothing more.
-- finds enter_owner on tenancy.api_keys
-- finds enter_owner on tenancy.api_keys
drop policy enter_owner on tenancy.api_keys;
create policy enter_owner on tenancy.api_keys for select to stockade_owner, stockade_api using (true);

-- An exception that nothing needs any more is reported, because it would hide the next fault.
-- finds manage_admin on tenancy.memberships
drop policy manage_admin on tenancy.memberships;

-- finds nothing
create policy planted on inventory.items as restrictive using (length(sku) > 0);
