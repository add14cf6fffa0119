-- finds tenancy.users
grant select on tenancy.users to stockade_api;

-- finds tenancy.users.name
grant select (name) on tenancy.users to stockade_jobs;

-- More than the exceptions allow.
-- finds tenancy.users
-- and 0057 tenancy.users
grant delete on tenancy.users to stockade_admin;
