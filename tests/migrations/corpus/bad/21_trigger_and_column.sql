-- finds trigger-on-table, several-tables-locked
alter table depot.customers add column touched_at timestamptz;

create trigger parcel_stamped
  before insert on depot.parcels
  for each row execute function depot.touch();
