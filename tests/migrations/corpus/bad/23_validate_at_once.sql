-- finds work-under-lock
alter table depot.parcels add constraint parcels_barcode_check check (length(barcode) >= 6) not valid;
alter table depot.parcels validate constraint parcels_barcode_check;
