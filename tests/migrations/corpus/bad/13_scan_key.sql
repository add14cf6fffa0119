-- finds unique-constraint
alter table depot.scans_2026 add primary key (parcel_id, day, place);
