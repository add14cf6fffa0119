-- finds rename-column
alter table depot.parcels rename column remark to note;
