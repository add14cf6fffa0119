-- finds planted
-- and 0044 inventory.planted()
create function inventory.planted() returns event_trigger language plpgsql set search_path = '' as 'begin end';
alter function inventory.planted() owner to postgres;
revoke execute on function inventory.planted() from public;
create event trigger planted on ddl_command_end execute function inventory.planted();
