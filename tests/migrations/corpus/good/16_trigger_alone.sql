create trigger parcel_stamped
  before insert on depot.parcels
  for each row execute function depot.touch();
alter table depot.parcels enable always trigger parcel_stamped;
