create table depot.vans (
  id uuid primary key,
  plate text not null unique check (length(plate) <= 12),
  seats smallint not null default 2
);
create index vans_seats on depot.vans (seats);
alter table depot.vans add column colour text not null default 'white' check (colour <> '');
alter table depot.vans alter column seats type integer;
alter table depot.vans add constraint few check (seats < 10);
alter table depot.vans enable row level security;
create policy readers on depot.vans using (true);
insert into depot.vans (id, plate) values ('0197c0de-0000-7000-8000-000000000001', 'KA 1');
update depot.vans set seats = 3;
