-- finds stockade_api
alter role stockade_api bypassrls;

-- finds stockade_owner
alter role stockade_owner login;

-- finds stockade_admin
alter role stockade_admin superuser createrole;

-- Any role that was granted something.
-- finds planted
create role planted login bypassrls;
alter role planted set search_path = '';
grant usage on schema inventory to planted;

-- It was granted nothing of ours by name, but reads every row.
-- finds planted
-- and 0042 planted
create role planted login bypassrls;
alter role planted set search_path = '';
grant pg_read_all_data to planted;

-- It is not a fault yet.
-- finds planted
create role planted login bypassrls;

-- A role without a login can be taken.
-- finds planted_group
create role planted_group nologin bypassrls;
create role planted login;
grant planted_group to planted with inherit false;

-- finds nothing
create role planted login createdb;
create role planted_group nologin bypassrls;
create role planted_superuser login superuser bypassrls;
