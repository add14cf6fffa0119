--! contract
-- finds drop-cascade
drop table depot.tariffs cascade;
