-- finds inventory.imports.planted
alter table inventory.imports add column planted bigint generated always as identity;

-- finds inventory.imports.planted
alter table inventory.imports add column planted bigserial;

-- finds inventory.imports.planted
set local role stockade_owner;
create sequence inventory.counter;
alter table inventory.imports add column planted text default 'import-' || nextval('inventory.counter'::text);

-- Its default calls a function that calls another.
-- finds inventory.imports.planted
set local role stockade_owner;
create sequence inventory.counter;
create function inventory.planted_helper() returns bigint language sql set search_path = ''
as $$ select "nextval"('inventory.counter') $$;
create function inventory.planted() returns bigint language sql set search_path = ''
as $$ select inventory.planted_helper() $$;
alter table inventory.imports add column planted bigint default 1 + inventory.planted();

-- finds inventory.imports.planted
set local role stockade_owner;
create sequence inventory.counter;
create domain inventory.planted as bigint default nextval('inventory.counter');
alter table inventory.imports add column planted inventory.planted;

-- finds inventory.imports.planted
set local role stockade_owner;
create sequence inventory.counter;
create function inventory.planted() returns bigint language sql set search_path = ''
as $$ select nextval('inventory.counter') $$;
create domain inventory.planted as bigint default inventory.planted();
alter table inventory.imports add column planted inventory.planted;

-- finds planted on inventory.imports
set local role stockade_owner;
create sequence inventory.counter;
alter table inventory.imports add column planted bigint;
create function inventory.planted() returns trigger language plpgsql set search_path = ''
as $$ begin new.planted := nextval('inventory.counter'); return new; end $$;
create trigger planted before insert on inventory.imports for each row execute function inventory.planted();

-- No row of a tenant is numbered with it.
-- finds nothing
set local role stockade_owner;
create sequence inventory.counter;
create function inventory.planted() returns bigint language sql set search_path = ''
as $$ select nextval('inventory.counter') $$;
create domain inventory.planted as bigint default nextval('inventory.counter');
alter table inventory.imports add column planted inventory.planted default 1;
