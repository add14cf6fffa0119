-- finds backfill-in-one-transaction
update depot.customers set name = email where name = '';
