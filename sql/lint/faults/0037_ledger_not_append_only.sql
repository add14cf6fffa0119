-- finds inventory.movements
-- and 0057 inventory.movements
grant delete on inventory.movements to stockade_jobs;

-- finds inventory.entries
grant insert on inventory.entries to stockade_jobs;

-- finds inventory.movements.quantity
grant update (quantity) on inventory.movements to stockade_jobs;

-- finds inventory.entries
-- and 0057 inventory.entries
grant truncate on inventory.entries to stockade_admin;

-- finds inventory.imports
-- and 0057 inventory.imports
comment on table inventory.imports is 'Tenant data (append-only): planted.';
create trigger append_only
  before update or delete or truncate on inventory.imports
  for each statement execute function inventory.refuse_change();
alter table inventory.imports enable always trigger append_only;
grant update on inventory.imports to stockade_jobs;

-- A changed comment does not weaken the ledger itself.
-- finds inventory.movements
-- and 0057 inventory.movements
comment on table inventory.movements is 'Tenant data: planted.';
grant update on inventory.movements to stockade_jobs;

-- Another append-only table may allow inserts.
-- finds nothing
comment on table inventory.imports is 'Tenant data (append-only): planted.';
create trigger append_only
  before update or delete or truncate on inventory.imports
  for each statement execute function inventory.refuse_change();
alter table inventory.imports enable always trigger append_only;
grant insert on inventory.imports to stockade_jobs;
