alter table depot.tariffs alter column comment type text;
