-- finds transaction-control
alter table depot.customers add column language text;
commit;
alter table depot.customers add column title text;
