-- finds grant-to-public
grant select on depot.tariffs to public;
