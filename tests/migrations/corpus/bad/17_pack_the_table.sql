-- run by psql
-- finds table-rewrite
set lock_timeout = '500ms';
vacuum (full, analyze) depot.parcels;
