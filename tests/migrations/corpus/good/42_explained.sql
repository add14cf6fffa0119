explain delete from depot.parcels;
