-- finds required-column
alter table depot.customers add column language text not null;
