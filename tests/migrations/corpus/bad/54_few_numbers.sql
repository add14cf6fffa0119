-- finds integer-key
create table depot.vans (id int generated always as identity primary key, plate text not null);
