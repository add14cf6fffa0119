-- The cluster's roles and the database's own privileges. Run before every migration, as often as wanted.
--
-- stockade_owner owns every object and nobody logs in as it; migrations take it with SET ROLE.
-- stockade_api, stockade_jobs and stockade_admin log in. None of the four is a superuser, none bypasses
-- row-level security, none may create anything.
do $$
declare
  v_role text;
begin
  if to_regrole('stockade_owner') is null then
    create role stockade_owner nologin;
  end if;
  foreach v_role in array array['stockade_api', 'stockade_jobs', 'stockade_admin'] loop
    if to_regrole(v_role) is null then
      execute format('create role %I login', v_role);
    end if;
    -- On RDS the roles authenticate with IAM tokens; elsewhere they are given passwords.
    if to_regrole('rds_iam') is not null then
      execute format('grant rds_iam to %I', v_role);
    end if;
    execute format('grant connect on database %I to %I', current_database(), v_role);
  end loop;

  -- Whoever migrates (and the operator's commands) must be able to take these roles.
  if not (select rolsuper from pg_roles where rolname = current_user) then
    execute format('grant stockade_owner, stockade_jobs, stockade_admin to %I with inherit false, set true', current_user);
  end if;

  execute format('grant create on database %I to stockade_owner', current_database());
  -- Without TEMPORARY no session can shadow a table's name with one of its own.
  execute format('revoke create, temporary on database %I from public', current_database());
  revoke all on schema public from public;
end
$$;

-- A request that waits or runs longer than this is a fault; the caller is told to try again.
alter role stockade_api set statement_timeout = '15s';
alter role stockade_api set lock_timeout = '5s';
alter role stockade_api set idle_in_transaction_session_timeout = '30s';
alter role stockade_api set search_path = '';
alter role stockade_jobs set lock_timeout = '30s';
alter role stockade_jobs set search_path = '';
alter role stockade_admin set statement_timeout = '60s';
alter role stockade_admin set lock_timeout = '5s';
alter role stockade_admin set search_path = '';
