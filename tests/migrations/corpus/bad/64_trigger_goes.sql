-- finds drop-trigger
drop trigger parcel_touched on depot.parcels;
