-- finds inventory.planted(text)
create function inventory.planted(text) returns integer language internal as 'textlen';
alter function inventory.planted(text) owner to stockade_owner;
revoke execute on function inventory.planted(text) from public;
