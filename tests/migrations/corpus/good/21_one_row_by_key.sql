update depot.customers set newsletter = false where email = 'a@example.com';
delete from depot.tariffs where id in ('0197c0de-0000-7000-8000-000000000001', '0197c0de-0000-7000-8000-000000000002');
