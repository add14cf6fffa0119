-- finds work-under-lock, backfill-in-one-transaction
alter table depot.parcels add column fragile boolean;
update depot.parcels set fragile = remark like '%glass%' where remark is not null;
