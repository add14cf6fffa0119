create index scans_place on only depot.scans (place);
