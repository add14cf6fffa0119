-- finds inventory.items
grant delete on inventory.items to stockade_jobs;

-- finds tenancy.users
-- and 0051 tenancy.users
grant update on tenancy.users to stockade_admin;

-- A role that is granted a table is a login role of Stockade, whatever its name.
-- finds inventory.locations
-- and 0045 planted
-- and 0061 inventory.locations
create role planted login;
grant update on inventory.locations to planted;

-- Columns lock nothing.
-- finds nothing
grant update (name) on inventory.items to stockade_jobs;
