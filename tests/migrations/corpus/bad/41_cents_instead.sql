-- finds column-type-rewrites
alter table depot.tariffs alter column price type bigint using (price * 100)::bigint;
