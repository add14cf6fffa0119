-- finds disable-trigger
alter table depot.parcels disable trigger user;
