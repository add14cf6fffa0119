-- finds tenant on inventory.items
alter policy tenant on inventory.items using (org_id = (select tenancy.current_org()) or allow_negative);

-- finds tenant on inventory.items
alter policy tenant on inventory.items with check (org_id = (select tenancy.current_org()) or org_id is not null);

-- Without a context this compares null with null, and is true.
-- finds tenant on inventory.items
alter policy tenant on inventory.items
  using (org_id is not distinct from (select tenancy.current_org()))
  with check (org_id is not distinct from (select tenancy.current_org()));

-- Another column.
-- finds tenant on inventory.items
alter policy tenant on inventory.items using (id = (select tenancy.current_org()));

-- An operator of the same name.
-- finds tenant on inventory.items
set local role stockade_owner;
create function inventory.planted(uuid, uuid) returns boolean language sql immutable set search_path = '' as 'select true';
create operator inventory.= (leftarg = uuid, rightarg = uuid, function = inventory.planted);
alter policy tenant on inventory.items using (org_id operator(inventory.=) (select tenancy.current_org()));
