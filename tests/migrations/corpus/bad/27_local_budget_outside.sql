-- run by psql
-- finds lock-budget
-- SET LOCAL does nothing outside a transaction.
set local lock_timeout = '500ms';
alter table depot.customers add column language text;
