create schema archive;
create table depot.losses (id uuid primary key, place text);
alter table depot.losses set schema archive;
create index losses_place on archive.losses (place);
alter table archive.losses alter column place set not null;
