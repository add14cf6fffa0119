-- run by psql
-- finds drop-database
drop database depot;
