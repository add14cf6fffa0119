-- finds column-default-rewrites
alter table depot.customers add column search text generated always as (lower(name)) stored;
