-- run by psql
begin;
set local lock_timeout = '500ms';
alter table depot.customers add column language text;
commit;
