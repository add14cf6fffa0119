-- finds drop-not-null
alter table depot.customers alter column name drop not null;
