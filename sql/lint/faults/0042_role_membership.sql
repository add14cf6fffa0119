-- finds stockade_api
grant stockade_owner to stockade_api;

-- finds stockade_admin
grant pg_read_all_data to stockade_admin;

-- A role that inherits one of them.
-- finds planted
create role planted login;
alter role planted set search_path = '';
grant stockade_jobs to planted with inherit true;

-- It inherits nothing, but can take the role at any time.
-- finds planted
create role planted login;
alter role planted set search_path = '';
grant stockade_owner to planted with inherit false;

-- finds planted
create role planted login;
alter role planted set search_path = '';
grant stockade_ledger to planted with inherit false;

-- A role that it may grant, it may grant to itself. It is one of several.
-- finds planted
create role planted_group nologin;
grant stockade_jobs to planted_group with inherit false, set false, admin true;
create role planted login;
alter role planted set search_path = '';
grant planted_group to planted with inherit false;

-- It can read the keys that contexts are signed with.
-- finds planted
create role planted login;
alter role planted set search_path = '';
grant pg_read_all_data to planted;

-- Only one role runs the migrations.
-- finds planted
create role planted login;
alter role planted set search_path = '';
grant stockade_owner, stockade_jobs, stockade_admin to planted with inherit false, set true, admin true;

-- As the role that runs migrations does it: it created the roles and owns the database.
-- finds nothing
create role planted login createrole;
grant stockade_ledger to planted with inherit false, set false, admin true;
grant stockade_owner, stockade_jobs, stockade_admin to planted with inherit false, set true, admin true;
grant pg_read_all_data to planted;
do $$ begin execute format('alter database %I owner to planted', current_database()); end $$;

-- A membership that gives nothing, and a membership of an administrator.
-- finds nothing
create role planted login;
grant stockade_owner to planted with inherit false, set false;
create role planted_superuser login superuser;
grant stockade_owner to planted_superuser;
