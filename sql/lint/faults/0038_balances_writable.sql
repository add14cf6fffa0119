-- finds inventory.balances
grant insert on inventory.balances to stockade_jobs;

-- finds inventory.balances.on_hand
grant update (on_hand) on inventory.balances to stockade_jobs;

-- finds inventory.balances
-- and 0057 inventory.balances
grant update, delete, truncate on inventory.balances to stockade_admin;

-- finds inventory.imports
comment on table inventory.imports is 'Tenant data (derived): planted.';
grant insert on inventory.imports to stockade_jobs;
