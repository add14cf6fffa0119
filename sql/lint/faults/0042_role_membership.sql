-- finds stockade_api
grant stockade_owner to stockade_api;

-- finds stockade_admin
grant pg_read_all_data to stockade_admin;

-- Somebody who is one of them by inheritance.
-- finds planted
create role planted login;
alter role planted set search_path = '';
grant stockade_jobs to planted with inherit true;

-- As whoever migrates does it.
-- finds nothing
create role planted login createrole;
grant stockade_owner, stockade_jobs, stockade_admin to planted with inherit false, set true;
