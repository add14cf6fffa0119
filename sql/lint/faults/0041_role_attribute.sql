-- finds stockade_api
alter role stockade_api bypassrls;

-- finds stockade_owner
alter role stockade_owner login;

-- finds stockade_admin
alter role stockade_admin superuser createrole;

-- Any role that was let in.
-- finds planted
create role planted login bypassrls;
alter role planted set search_path = '';
grant usage on schema inventory to planted;

-- finds nothing
create role planted login createdb;
