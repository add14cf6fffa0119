-- finds large objects
select lo_create(0);
