-- run by psql
-- finds lock-budget
set lock_timeout = '1min';
alter table depot.customers add column language text;
