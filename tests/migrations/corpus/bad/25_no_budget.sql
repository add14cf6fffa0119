-- run by psql
-- finds lock-budget
alter table depot.customers add column language text;
