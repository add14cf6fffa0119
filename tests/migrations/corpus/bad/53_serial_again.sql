-- finds serial-column
create table depot.vans (id bigserial primary key);
