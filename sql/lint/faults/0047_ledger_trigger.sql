-- finds append_only on inventory.movements
drop trigger append_only on inventory.movements;

-- finds append_only on inventory.entries
alter table inventory.entries disable trigger append_only;

-- finds apply_movements on inventory.movements
alter table inventory.movements disable trigger apply_movements;

-- finds append_only_rows on inventory.movements
drop trigger append_only_rows on inventory.movements;

-- It does not fire in a session that replays changes of another server.
-- finds apply_movements on inventory.movements
alter table inventory.movements enable trigger apply_movements;

-- finds append_only on inventory.movements
create or replace trigger append_only
  before update or delete on inventory.movements
  for each statement execute function inventory.refuse_change();
alter table inventory.movements enable always trigger append_only;

-- finds append_only on inventory.movements
create or replace trigger append_only
  before update or delete or truncate on inventory.movements
  for each statement when (current_user <> 'stockade_owner') execute function inventory.refuse_change();
alter table inventory.movements enable always trigger append_only;

-- finds append_only on inventory.entries
set local role stockade_owner;
create function inventory.planted() returns trigger language plpgsql set search_path = '' as 'begin return null; end';
create or replace trigger append_only
  before update or delete or truncate on inventory.entries
  for each statement execute function inventory.planted();
alter table inventory.entries enable always trigger append_only;

-- finds append_only on inventory.imports
comment on table inventory.imports is 'Tenant data (append-only): planted.';

-- finds planted on inventory.imports
create trigger planted before delete on inventory.imports for each statement execute function inventory.refuse_change();

-- finds append_only on stockade_migrations.applied
comment on table stockade_migrations.applied is 'Platform data (append-only): planted.';

-- finds apply_new_holds on inventory.reservation_lines
alter table inventory.reservation_lines disable trigger apply_new_holds;

-- finds apply_changed_holds on inventory.reservation_lines
drop trigger apply_changed_holds on inventory.reservation_lines;

-- finds no_removal on inventory.reservations
drop trigger no_removal on inventory.reservations;

-- finds no_removal_rows on inventory.reservation_lines
drop trigger no_removal_rows on inventory.reservation_lines;
