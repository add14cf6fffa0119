-- finds whole-table-write
update depot.customers set newsletter = true;
