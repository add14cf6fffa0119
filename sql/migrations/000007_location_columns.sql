--! needs inventory/forms
--! needs moving_in/placing
-- Expand: every location gets an organization.
-- allow do-block: the default is the organization of this very database, which only an EXECUTE can write into the text.
-- It is one statement, a constant default that reads no row.
do $migration$
begin
  execute format(
    'alter table inventory.locations add column org_id uuid not null default %L', moving_in.decided_organization()
  );
end
$migration$;

alter table inventory.locations
  add column updated_at timestamptz(3) not null default now(),
  add constraint locations_created_at_check check (inventory.is_instant(created_at)) not valid,
  add constraint locations_updated_at_check check (inventory.is_instant(updated_at)) not valid;

create trigger place_row
  before insert on inventory.locations
  for each row execute function moving_in.place_row();
