-- finds column-type-rewrites
alter table depot.tariffs alter column comment type varchar(10);
