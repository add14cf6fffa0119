-- finds backfill-in-one-transaction
delete from depot.parcels where created_at < now() - interval '10 years';
