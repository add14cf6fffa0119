--! contract
-- finds policy-dropped
drop policy own on depot.customers;
