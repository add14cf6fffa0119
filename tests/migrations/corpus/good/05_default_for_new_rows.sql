alter table depot.parcels alter column remark set default 'none';
