-- finds stockade_api
alter role stockade_api set search_path = inventory, public;

-- finds stockade_jobs
alter role stockade_jobs reset search_path;

-- finds stockade_admin
alter role stockade_admin set stockade.context = 'planted';

-- finds database "current database"
do $$ begin execute format('alter database %I set session_replication_role = replica', current_database()); end $$;

-- finds stockade_jobs
do $$ begin execute format('alter role stockade_jobs in database %I set row_security = off', current_database()); end $$;
