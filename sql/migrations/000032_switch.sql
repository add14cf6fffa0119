--! contract
--! needs inventory/append_only
--! needs inventory/balances
--! needs inventory/forms
--! needs inventory/seal_boundary
--! needs moving_in/switching
--! needs tenancy/context
--! needs tenancy/emails
-- Contract: the switch. The old program ends and the new one begins: every key and every reference begins with the
-- organization, the wall goes up, movements belong to entries, nothing of the ledger is ever changed again, and a trigger
-- keeps the balances.
--
-- What takes time was done before, so that this is an instant: no movement and no balance is read. Their constraints
-- are added without reading the rows; the next file reads them.

-- Most of what is left to catch up with is taken before anybody has to wait.
select moving_in.catch_up_until(200);

-- The movements first: most transactions wait for them. Who waits there waits for all four, so the others have less time.
-- allow lock-table: between the last change that is caught up with and the new triggers, nobody may write.
lock table inventory.movements in access exclusive mode;
set local lock_timeout = '50ms';
-- allow lock-table: its keys change in the same instant as those of the movements.
-- allow several-tables-locked: after 50 ms it gives up, before Postgres looks for a deadlock, and the runner tries again.
lock table inventory.items in access exclusive mode;
-- allow lock-table: its keys change in the same instant as those of the movements.
-- allow several-tables-locked: after 50 ms it gives up, before Postgres looks for a deadlock, and the runner tries again.
lock table inventory.locations in access exclusive mode;
-- allow lock-table: a user who is added after the check of the roles would have none.
-- allow several-tables-locked: after 50 ms it gives up, before Postgres looks for a deadlock, and the runner tries again.
lock table inventory.users in access exclusive mode;

select moving_in.catch_up_until(0);
select moving_in.refuse_offences();
select moving_in.refuse_misplaced();
select moving_in.dismiss_old_program();

drop trigger place_row on inventory.items;
drop trigger place_row on inventory.locations;
drop trigger place_movement on inventory.movements;
drop trigger note_movement on inventory.movements;

-- The users.
alter table inventory.users
  add constraint users_email_check_form check (tenancy.is_email(email)) not valid,
  add constraint users_created_at_check check (inventory.is_instant(created_at)) not valid;
-- allow rename-table: the old program ends in this file, and the new one knows only the new name.
alter table inventory.users set schema tenancy;

comment on table tenancy.users is
  'Platform data: the people, by e-mail address. One may belong to several organizations: memberships says to which.';

grant select (id, email), insert (email, name) on tenancy.users to stockade_admin;

set local role stockade_admin;
-- allow work-under-lock: the users of one program are few, and none may be without a role when the new one begins.
-- allow backfill-in-one-transaction: nobody else knows the rows yet, and a failure undoes the whole switch.
insert into tenancy.memberships (org_id, user_id, role)
select r.org_id, u.id, r.role
from tenancy.users u
join moving_in.roles r on r.email = u.email;
-- allow work-under-lock: the users of one program are few, and none may be without a role when the new one begins.
-- allow backfill-in-one-transaction: nobody else knows the rows yet, and a failure undoes the whole switch.
insert into tenancy.memberships (org_id, user_id, role)
select r.org_id, u.id, r.role
from tenancy.users u
join moving_in.roles r on r.email = '*'
where not exists (select from tenancy.memberships m where m.user_id = u.id);
set local role stockade_owner;

-- The keys and references. An owner may have dropped references and checks; the check has read the rows.
alter table inventory.movements
  drop constraint if exists movements_item_id_fkey,
  drop constraint if exists movements_location_id_fkey;

-- allow several-tables-locked: before the switch only commands of the operator write organizations.
-- allow constraint-scans: once the wall is up, the owner would see no row to check. Items are few, and locations fewer.
alter table inventory.items
  drop constraint items_pkey,
  drop constraint items_sku_key,
  drop constraint if exists items_sku_check,
  add constraint items_pkey primary key using index items_org_id_id_key,
  add constraint items_org_id_sku_key unique using index items_org_id_sku_key,
  add foreign key (org_id) references tenancy.organizations (id),
  add constraint items_sku_check check (inventory.is_code(sku)) not valid,
  alter column org_id drop default;

-- allow constraint-scans: once the wall is up, the owner would see no row to check. Items are few, and locations fewer.
alter table inventory.locations
  drop constraint locations_pkey,
  drop constraint locations_code_key,
  drop constraint if exists locations_code_check,
  add constraint locations_pkey primary key using index locations_org_id_id_key,
  add constraint locations_org_id_code_key unique using index locations_org_id_code_key,
  add foreign key (org_id) references tenancy.organizations (id),
  add constraint locations_code_check check (inventory.is_code(code)) not valid,
  alter column org_id drop default;

-- Two organizations may have one code from here on.
select moving_in.apply_codes();

-- allow index-drop-not-concurrent: the switch has locked its table already, and the old program needs it until now.
drop index if exists inventory.movements_item;
-- allow several-tables-locked: the users are locked already, by their old name, and until now only the move writes entries.
alter table inventory.movements
  drop constraint if exists movements_user_id_fkey,
  drop constraint movements_pkey,
  drop column id,
  drop column kind,
  drop column reference,
  drop column user_id,
  -- The check says already that no row lacks one.
  alter column entry_id set not null,
  alter column org_id drop default,
  alter column line drop default,
  alter column occurred_at drop default,
  alter column recorded_at drop default,
  add constraint movements_pkey primary key using index movements_org_id_entry_id_line_key,
  add foreign key (org_id, entry_id) references inventory.entries (org_id, id) not valid;
alter table inventory.movements drop constraint movements_entry_id_check;

-- allow several-tables-locked: until now only the move writes balances, and it has caught up in this transaction.
alter table inventory.balances
  -- Every movement has its balance row, so these two also hold for movements: checked once per key, not per movement.
  add foreign key (org_id, item_id) references inventory.items (org_id, id) not valid,
  add foreign key (org_id, location_id) references inventory.locations (org_id, id) not valid;

comment on table inventory.items is
  'Tenant data: what is kept in stock.';
comment on table inventory.locations is
  'Tenant data: where stock is kept.';
comment on table inventory.movements is
  'Tenant data (append-only): the lines of the postings.';

-- The wall.
alter table inventory.items enable row level security;
alter table inventory.items force row level security;
create policy tenant on inventory.items
  using (org_id = (select tenancy.current_org()))
  with check (org_id = (select tenancy.current_org()));

alter table inventory.locations enable row level security;
alter table inventory.locations force row level security;
create policy tenant on inventory.locations
  using (org_id = (select tenancy.current_org()))
  with check (org_id = (select tenancy.current_org()));

alter table inventory.movements enable row level security;
alter table inventory.movements force row level security;
create policy tenant on inventory.movements
  using (org_id = (select tenancy.current_org()))
  with check (org_id = (select tenancy.current_org()));

alter table inventory.entries force row level security;
alter table inventory.balances force row level security;

grant select on inventory.items, inventory.locations, inventory.movements to stockade_jobs;

-- The functions that post have verified the context once and name its organization in every statement. They belong to
-- stockade_ledger, which obeys no policy on these tables and has no privilege beyond what posting takes. Each further
-- function of stockade_ledger is a fault for the isolation lint until it is listed there.
create policy post_ledger on inventory.items for select to stockade_ledger using (true);
create policy post_ledger on inventory.locations for select to stockade_ledger using (true);
create policy post_ledger on inventory.movements to stockade_ledger using (true) with check (true);
grant select on inventory.items, inventory.locations to stockade_ledger;
grant select, insert on inventory.movements to stockade_ledger;

-- The ledger.
-- allow trigger-on-table: until now only the move writes entries, and changes them; the new program may not for an instant.
create trigger append_only
  before update or delete or truncate on inventory.entries
  for each statement execute function inventory.refuse_change();
alter table inventory.entries enable always trigger append_only;
-- allow trigger-on-table: until now only the move writes entries, and changes them; the new program may not for an instant.
create trigger append_only_rows
  after delete on inventory.entries
  referencing old table as removed
  for each statement execute function inventory.refuse_change();
alter table inventory.entries enable always trigger append_only_rows;

-- allow trigger-on-table: the switch has locked the table already, and the first movement of the new program needs it.
create trigger append_only
  before update or delete or truncate on inventory.movements
  for each statement execute function inventory.refuse_change();
alter table inventory.movements enable always trigger append_only;
-- allow trigger-on-table: the switch has locked the table already, and the first movement of the new program needs it.
create trigger append_only_rows
  after delete on inventory.movements
  referencing old table as removed
  for each statement execute function inventory.refuse_change();
alter table inventory.movements enable always trigger append_only_rows;

-- Triggers fire in the order of their names, so this one comes before apply_movements: a writer that waits here holds no
-- balances yet.
-- allow trigger-on-table: the switch has locked the table already, and the first movement of the new program needs it.
create trigger above_seal_boundary
  after insert on inventory.movements
  referencing new table as added
  for each statement execute function inventory.refuse_sealed();
alter table inventory.movements enable always trigger above_seal_boundary;

-- allow trigger-on-table: the switch has locked the table already, and the first movement of the new program needs it.
create trigger apply_movements
  after insert on inventory.movements
  referencing new table as added
  for each statement execute function inventory.apply_movements();
alter table inventory.movements enable always trigger apply_movements;

-- Nothing of the move is left.
-- allow several-tables-locked: the triggers of the old program are gone, and only commands of the move use these tables.
-- allow drop-cascade: everything of the schema is the move's own, and its triggers on other tables were dropped above.
drop schema moving_in cascade;
