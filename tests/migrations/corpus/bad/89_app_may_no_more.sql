-- finds privilege-revoked
revoke update on depot.parcels from depot_app;
