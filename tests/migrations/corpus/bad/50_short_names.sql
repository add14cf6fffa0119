-- finds varchar-limit
create table depot.vans (id uuid primary key, plate varchar(12) not null);
