grant select on depot.tariffs to reporting;
grant update (price) on depot.tariffs to reporting;
