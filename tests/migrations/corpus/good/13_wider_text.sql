alter table depot.customers alter column name type varchar(200);
