-- finds tenancy.context_keys
grant select on tenancy.context_keys to stockade_admin;

-- Writing a key is as dangerous as reading one.
-- finds tenancy.pass_keys
grant insert on tenancy.pass_keys to stockade_admin;

-- finds tenancy.context_keys.inner_pad
grant select (inner_pad) on tenancy.context_keys to stockade_api;

-- finds tenancy.api_keys.secret_digest
grant select on tenancy.api_keys to stockade_admin;

-- finds tenancy.api_keys.secret_digest
grant select (secret_digest) on tenancy.api_keys to stockade_jobs;

-- Without their comments, these three are still known.
-- finds tenancy.api_keys.secret_digest
-- and 0058 tenancy.api_keys
-- and 0059 tenancy.api_keys_key_id
-- and 0061 tenancy.api_keys
comment on column tenancy.api_keys.secret_digest is null;
grant select (secret_digest) on tenancy.api_keys to stockade_api;

-- finds tenancy.users.email
comment on column tenancy.users.email is 'Secret: planted.';
