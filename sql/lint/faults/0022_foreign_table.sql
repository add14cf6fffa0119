-- finds planted
-- finds inventory.planted
create foreign data wrapper planted;
create server planted foreign data wrapper planted;
create foreign table inventory.planted () server planted;
comment on foreign table inventory.planted is 'Platform data: planted.';
alter foreign table inventory.planted owner to stockade_owner;
