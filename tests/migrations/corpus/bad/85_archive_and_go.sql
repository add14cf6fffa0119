-- finds whole-table-write
with gone as (delete from depot.tariffs returning price) select sum(price) from gone;
