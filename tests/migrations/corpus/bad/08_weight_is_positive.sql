-- finds constraint-scans
alter table depot.parcels
  add constraint parcels_weight_check check (weight > 0);
