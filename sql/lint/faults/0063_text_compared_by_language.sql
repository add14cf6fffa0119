-- finds tenancy.planted
create index planted on tenancy.api_keys (name);

-- finds tenancy.planted
create index planted on tenancy.api_keys (key_id collate "default");

-- finds nothing
create index planted on tenancy.api_keys (name collate "C");

-- finds nothing
create index planted on tenancy.api_keys (org_id, name);

-- No function of requests reads this table.
-- finds nothing
create index planted on tenancy.erasures (erased_by);
