-- finds inventory.items
grant select on inventory.items to public;

-- finds tenancy.users.email
grant select (email) on tenancy.users to public;

-- finds inventory.planted
set local role stockade_owner;
create sequence inventory.planted;
grant usage on sequence inventory.planted to public;

-- finds inventory.new_id()
grant execute on function inventory.new_id() to public;

-- finds inventory
grant usage on schema inventory to public;

-- As it was up to Postgres 14.
-- finds public
grant create on schema public to public;

-- As Postgres makes every database.
-- finds "current database"
do $$ begin execute format('grant temporary on database %I to public', current_database()); end $$;

-- finds planted
-- and 0022 planted
create foreign data wrapper planted;
create server planted foreign data wrapper planted;
grant usage on foreign server planted to public;
