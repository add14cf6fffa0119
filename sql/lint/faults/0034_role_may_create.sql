-- finds inventory
grant create on schema inventory to stockade_api;

-- finds public
grant create on schema public to stockade_jobs;

-- finds "current database"
do $$ begin execute format('grant temporary on database %I to stockade_api', current_database()); end $$;

-- finds "current database"
do $$ begin execute format('grant create on database %I to stockade_admin', current_database()); end $$;
