-- finds backfill-in-one-transaction
create table depot.archive (parcel_id uuid primary key, barcode text not null);
insert into depot.archive (parcel_id, barcode)
select id, barcode from depot.parcels where created_at < '2020-01-01';
