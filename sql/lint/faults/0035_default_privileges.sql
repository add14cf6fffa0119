-- finds new tables of stockade_owner
alter default privileges for role stockade_owner grant select on tables to public;

-- finds new tables of stockade_owner in inventory
alter default privileges for role stockade_owner in schema inventory grant select on tables to stockade_api;

-- The default of Postgres.
-- finds new functions of stockade_owner
alter default privileges for role stockade_owner grant execute on functions to public;

-- finds new functions of stockade_owner in inventory
alter default privileges for role stockade_owner in schema inventory grant execute on functions to public;
