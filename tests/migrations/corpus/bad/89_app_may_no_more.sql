-- finds privilege-revoked
revoke update on depot.parcels from pg_monitor;
