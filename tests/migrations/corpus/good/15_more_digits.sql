alter table depot.tariffs alter column price type numeric(12, 2);
