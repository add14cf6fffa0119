-- finds inventory.planted
set local role stockade_owner;
create table inventory.planted (id uuid primary key);

-- A word that is not a class.
-- finds inventory.planted
set local role stockade_owner;
create table inventory.planted (id uuid primary key);
comment on table inventory.planted is 'Some data: planted.';

-- A class without a description.
-- finds stockade_migrations.started
comment on table stockade_migrations.started is 'Platform data: ';

-- finds inventory.imports
comment on table inventory.imports is 'Platform data: it is not.';

-- Outside of Stockade's own schemas.
-- finds public.planted
create table public.planted (id uuid primary key);
alter table public.planted owner to stockade_owner;

-- A tenant's table without a comment is still a tenant's table.
-- finds inventory.items
comment on table inventory.items is null;

-- finds nothing
set local role stockade_owner;
create table inventory.planted (id uuid primary key);
comment on table inventory.planted is 'Platform data: planted.';
