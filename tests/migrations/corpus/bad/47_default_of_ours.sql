-- finds column-default-rewrites
create function depot.next_code() returns text language sql as $$ select 'x' $$;
alter table depot.parcels add column code text default depot.next_code();
