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

alter table inventory.items
  add column tracking text not null default 'none',
  add column allow_negative boolean not null default false,
  add column reorder_point numeric(15, 4),
  add column metadata jsonb not null default '{}',
  add column updated_at timestamptz(3) not null default now(),
  add constraint items_tracking_check check (tracking in ('none', 'lot')) not valid,
  add constraint items_reorder_point_check check (reorder_point >= 0) not valid,
  add constraint items_metadata_check check (jsonb_typeof(metadata) = 'object') not valid;

create trigger place_row
  before insert on inventory.items
  for each row execute function moving_in.place_row();
