-- finds dblink
create extension dblink;

-- finds pg_trgm
create extension pg_trgm;

-- finds nothing
create extension amcheck;
