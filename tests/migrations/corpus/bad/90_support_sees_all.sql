-- finds policy-dropped
create policy support on depot.customers using (true);
