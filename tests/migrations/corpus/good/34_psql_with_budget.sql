-- run by psql
set lock_timeout = '500ms';
alter table depot.customers add column if not exists language text;
