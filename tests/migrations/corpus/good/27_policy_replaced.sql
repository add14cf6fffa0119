drop policy own on depot.customers;
create policy own on depot.customers using (email = session_user);
