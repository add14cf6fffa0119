-- finds tenancy.memberships
-- and 0061 tenancy.memberships
grant insert on tenancy.memberships to stockade_api;

-- finds tenancy.organizations.status
grant update (status) on tenancy.organizations to stockade_jobs;

-- finds tenancy.api_keys.secret_digest
grant update (secret_digest) on tenancy.api_keys to stockade_admin;
