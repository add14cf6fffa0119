-- run by psql
-- finds not-repeatable
set lock_timeout = '500ms';
create table depot.vans (id uuid primary key);
create table depot.drivers (id uuid primary key);
