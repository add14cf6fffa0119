--! needs inventory/forms
--! needs moving_in/placing
-- Expand: every movement gets an organization, and a place in an entry: which entry, which line, which lot. From here on
-- moving_in.changed_movements says which movements have changed.
-- allow do-block: the default is the organization of this very database, which only an EXECUTE can write into the text.
-- It is one statement, a constant default that reads no row.
do $migration$
begin
  execute format(
    'alter table inventory.movements add column org_id uuid not null default %L', moving_in.decided_organization()
  );
end
$migration$;

-- entry_id is null in the rows that nobody has touched since: the backfill finds them by it.
alter table inventory.movements
  add column entry_id uuid,
  add column line integer not null default 1,
  add column lot text not null default '',
  add constraint movements_line_check check (line between 1 and 1000) not valid,
  add constraint movements_lot_check check (lot = '' or inventory.is_visible(lot, 64)) not valid,
  -- From here on the old program is refused what no entry and no balance could hold. The check of the move names such rows.
  add constraint movements_quantity_check_number check (quantity <> 'NaN') not valid,
  add constraint movements_occurred_at_check check (inventory.is_instant(occurred_at)) not valid,
  add constraint movements_recorded_at_check check (inventory.is_instant(recorded_at)) not valid;

-- The lists of columns are those of the old program. What moves the rows in writes other columns.
create trigger place_movement
  before insert or update of id, item_id, location_id, quantity, kind, reference, user_id, occurred_at, recorded_at
  on inventory.movements
  for each row execute function moving_in.place_movement();

create trigger note_movement
  after insert or delete or update of id, item_id, location_id, quantity, kind, reference, user_id, occurred_at, recorded_at
  on inventory.movements
  for each row execute function moving_in.note_movement();
