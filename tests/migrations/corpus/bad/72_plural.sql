-- finds rename-table
alter table depot.tariffs rename to prices;
