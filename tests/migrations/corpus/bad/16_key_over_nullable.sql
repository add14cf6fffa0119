-- finds set-not-null-scans
alter table depot.scans_2026 alter column place drop not null;
alter table depot.scans_2026 add constraint scans_2026_place_present not null place;
