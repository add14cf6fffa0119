--! needs moving_in/placing
-- Expand: every location gets an organization.
do $migration$
begin
  execute format(
    'alter table inventory.locations add column org_id uuid not null default %L', moving_in.decided_organization()
  );
end
$migration$;

alter table inventory.locations
  add column updated_at timestamptz(3) not null default now();

create trigger place_row
  before insert on inventory.locations
  for each row execute function moving_in.place_row();
