-- finds pg_read_file(text)
grant execute on function pg_read_file(text) to stockade_api;

-- finds pg_authid
grant select on pg_authid to stockade_admin;

-- finds pg_authid.rolpassword
grant select (rolpassword) on pg_authid to public;
