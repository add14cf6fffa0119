-- The cluster's roles and the database's own privileges. Run before every migration, as often as wanted.
--
-- stockade_owner owns every object and nobody logs in as it; migrations take it with SET ROLE.
-- stockade_ledger owns the few functions that post, and nobody logs in as it either.
-- stockade_api, stockade_jobs and stockade_admin log in. None of the five is a superuser, none bypasses
-- row-level security, and none but the owner may create anything.
do $$
begin
  if to_regrole('stockade_owner') is null then
    create role stockade_owner nologin;
  end if;
end
$$;

do $$
begin
  if to_regrole('stockade_ledger') is null then
    create role stockade_ledger nologin;
  end if;
  -- To create functions as stockade_ledger. Inherited, the policies for stockade_ledger would hold for the owner as well.
  grant stockade_ledger to stockade_owner with inherit false, set true;
end
$$;

do $$
declare
  v_role text;
begin
  foreach v_role in array array['stockade_api', 'stockade_jobs', 'stockade_admin'] loop
    if to_regrole(v_role) is null then
      execute format('create role %I login', v_role);
    end if;
    -- On RDS the roles authenticate with IAM tokens; elsewhere they are given passwords.
    if to_regrole('rds_iam') is not null then
      execute format('grant rds_iam to %I', v_role);
    end if;
    execute format('grant connect on database %I to %I', current_database(), v_role);
    execute format('alter role %I in database %I reset all', v_role, current_database());
  end loop;

  -- The user that migrates, and that runs the operator's commands, must be able to take these roles.
  if not (select rolsuper from pg_roles where rolname = current_user) then
    execute format('grant stockade_owner, stockade_jobs, stockade_admin to %I with inherit false, set true', current_user);
  end if;

  execute format('grant create on database %I to stockade_owner', current_database());
end
$$;

do $$
begin
  -- The program of an inventory that is moving in keeps what everybody has until the switch; then this file runs again.
  -- By name, not by to_regclass(): that needs the use of the schema.
  if exists (select from pg_class where relnamespace = to_regnamespace('inventory') and relname = 'users') then
    return;
  end if;
  -- Without TEMPORARY no session can shadow a table's name with one of its own.
  execute format('revoke create, temporary on database %I from public', current_database());
  revoke all on schema public from public;
end
$$;

-- A role can change the settings its own sessions begin with, and nothing can keep it from that: what is not said here
-- goes.
alter role stockade_api reset all;
alter role stockade_jobs reset all;
alter role stockade_admin reset all;

-- A request that waits or runs longer than this is a fault; the caller gets an error and tries again.
alter role stockade_api set statement_timeout = '15s';
alter role stockade_api set lock_timeout = '5s';
alter role stockade_api set idle_in_transaction_session_timeout = '30s';
-- One whose caller has gone away is stopped.
alter role stockade_api set client_connection_check_interval = '5s';
alter role stockade_api set search_path = '';
alter role stockade_jobs set lock_timeout = '30s';
alter role stockade_jobs set search_path = '';
alter role stockade_admin set statement_timeout = '60s';
alter role stockade_admin set lock_timeout = '5s';
alter role stockade_admin set search_path = '';

-- What the core gives to everybody and no request needs, because it reaches beyond its transaction: settings of the
-- session, locks anybody can name, other sessions, objects that are in no table, counters and sizes over all tenants.
-- A block of PL/pgSQL can catch its own cancellation, so that nothing would stop it.
-- Only a superuser can take these away. On RDS they stay: no row can be read with them there either, but a session can be
-- ended, a lock held and the size of a table learnt.
do $$
declare
  v_function regprocedure;
begin
  if not (select rolsuper from pg_roles where rolname = current_user)
    or exists (select from pg_class where relnamespace = to_regnamespace('inventory') and relname = 'users')
  then
    return;
  end if;
  for v_function in
    select oid::regprocedure
    from pg_proc
    where pronamespace = 'pg_catalog'::regnamespace
      and has_function_privilege('public', oid, 'execute')
      and (
        proname in (
          'set_config', 'setseed', 'pg_notify', 'pg_cancel_backend', 'pg_terminate_backend', 'pg_blocking_pids',
          'pg_safe_snapshot_blocking_pids', 'pg_lock_status', 'pg_prepared_xact', 'pg_get_replication_slots',
          'pg_export_snapshot', 'pg_notification_queue_usage', 'loread', 'lowrite'
        )
        or proname ~ '^(lo_|pg_(try_)?advisory_|pg_stat_|pg_logical_emit_message|pg_replication_)'
        or proname ~ '^pg_(table|relation|total_relation|indexes|database|tablespace)_size$'
      )
  loop
    execute format('revoke execute on function %s from public', v_function);
    execute format(
      'grant execute on function %s to stockade_owner, stockade_ledger, stockade_jobs, stockade_admin, pg_monitor, '
        'pg_read_all_data',
      v_function
    );
  end loop;
  -- Whoever may update a view may lock it against everybody.
  revoke update on pg_catalog.pg_settings from public;
  if has_language_privilege('public', 'plpgsql', 'usage') then
    revoke usage on language plpgsql from public;
    grant usage on language plpgsql to stockade_owner, stockade_ledger, stockade_jobs, stockade_admin;
  end if;
end
$$;
