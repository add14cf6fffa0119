-- finds table-without-schema
alter table depot.customers add column language text;
create table vans (id uuid primary key);
