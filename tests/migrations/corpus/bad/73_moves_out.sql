-- finds rename-table
alter table depot.tariffs set schema public;
