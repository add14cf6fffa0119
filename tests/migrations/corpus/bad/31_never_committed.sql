-- run by psql
-- finds transaction-left-open
begin;
set local lock_timeout = '500ms';
alter table depot.customers add column language text;
