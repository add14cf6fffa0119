-- finds drop-column
alter table depot.customers drop column phone;
