create view depot.open_parcels as
  select p.id, c.name from depot.parcels p join depot.customers c on c.id = p.customer_id where p.state <> 'delivered';
