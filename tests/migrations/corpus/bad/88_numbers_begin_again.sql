-- finds sequence-set-back
alter table depot.customers alter column id restart with 1;
