-- finds planted on inventory.items
-- and 0051 tenancy.drop_owned_guard.nothing
create policy planted on inventory.items as restrictive to stockade_api using (true);
revoke select (nothing) on tenancy.drop_owned_guard from stockade_api;

-- A privilege on the table is enough for Postgres to go on.
-- finds planted on inventory.items
-- and 0051 tenancy.drop_owned_guard
create policy planted on inventory.items as restrictive to stockade_api using (true);
grant select on tenancy.drop_owned_guard to stockade_api;

-- finds planted on inventory.items
-- and 0045 stockade_planted
create role stockade_planted login;
create policy planted on inventory.items as restrictive to stockade_planted using (true);

-- finds nothing
create policy planted on inventory.items as restrictive to stockade_api using (true);

-- finds nothing
create policy planted on inventory.items as restrictive to stockade_owner using (true);
