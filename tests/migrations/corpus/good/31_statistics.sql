create statistics depot.parcels_state on customer_id, state from depot.parcels;
analyze depot.parcels;
