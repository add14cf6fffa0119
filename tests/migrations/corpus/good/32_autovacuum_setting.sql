alter table depot.parcels set (autovacuum_vacuum_scale_factor = 0.05);
