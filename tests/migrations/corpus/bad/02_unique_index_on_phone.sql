-- finds index-not-concurrent
create unique index if not exists customers_phone_key on depot.customers (phone) where phone is not null;
