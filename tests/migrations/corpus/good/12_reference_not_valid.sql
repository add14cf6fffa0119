alter table depot.parcels
  add constraint parcels_customer_fkey foreign key (customer_id) references depot.customers (id) not valid;
