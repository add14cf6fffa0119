-- finds disable-trigger
set local session_replication_role = replica;
insert into depot.tariffs (id, zone, price) values ('0197c0de-0000-7000-8000-000000000009', 'x', 1);
