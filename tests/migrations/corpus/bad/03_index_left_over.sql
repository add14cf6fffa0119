-- finds index-drop-not-concurrent
-- Nobody searches by customer any more.
drop index if exists depot.parcels_customer;
