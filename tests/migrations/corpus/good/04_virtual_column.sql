alter table depot.customers add column short_name text generated always as (left(name, 10)) virtual;
