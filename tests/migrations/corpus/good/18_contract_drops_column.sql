--! contract
alter table depot.customers drop column phone;
