-- finds whole-table-write
explain (analyze) delete from depot.parcels;
