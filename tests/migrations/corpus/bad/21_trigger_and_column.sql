-- finds trigger-on-table
alter table depot.parcels add column touched_at timestamptz;

create trigger parcel_stamped
  before insert on depot.parcels
  for each row execute function depot.touch();
