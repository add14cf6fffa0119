-- finds policy-dropped
alter policy own on depot.customers using (true);
