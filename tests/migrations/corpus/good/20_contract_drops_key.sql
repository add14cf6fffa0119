--! contract
alter table depot.customers drop constraint customers_email_key;
