--! needs inventory/forms
--! needs moving_in/placing
-- Expand: every item gets an organization, and what an organization says of an item that is counted: by lot or not, below
-- zero or not, when to reorder.
--
-- Constant defaults fill the new columns without rewriting or reading the table. The default organization stays until the
-- switch, so that the old program, which knows no organizations, goes on writing.
-- allow do-block: the default is the organization of this very database, which only an EXECUTE can write into the text.
-- It is one statement, a constant default that reads no row.
do $migration$
begin
  execute format(
    'alter table inventory.items add column org_id uuid not null default %L', moving_in.decided_organization()
  );
end
$migration$;

-- The old program writes rows that are checked, whatever its role. The switch takes this away from it.
-- allow grant-to-public: the functions read nothing, and say only whether the value that they are given has a form.
grant execute on function
  inventory.invisible_characters, inventory.is_instant, inventory.is_visible, inventory.is_metadata
  to public;

alter table inventory.items
  add column tracking text not null default 'none',
  add column allow_negative boolean not null default false,
  add column reorder_point numeric(15, 4),
  add column metadata jsonb not null default '{}',
  add column updated_at timestamptz(3) not null default now(),
  add constraint items_tracking_check check (tracking in ('none', 'lot')) not valid,
  -- NaN is greater than every number.
  add constraint items_reorder_point_check check (reorder_point >= 0 and reorder_point <> 'NaN') not valid,
  add constraint items_metadata_check check (metadata = '{}' or inventory.is_metadata(metadata)) not valid,
  add constraint items_created_at_check check (inventory.is_instant(created_at)) not valid,
  add constraint items_updated_at_check check (inventory.is_instant(updated_at)) not valid;

create trigger place_row
  before insert on inventory.items
  for each row execute function moving_in.place_row();
