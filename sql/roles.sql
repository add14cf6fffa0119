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
    -- Any session can lock the row of the database, by granting what it cannot grant. What is there need not wait for it.
    if not exists (
      select
      from pg_database d
      cross join aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) as a
      where d.datname = current_database() and a.grantee = to_regrole(v_role) and a.privilege_type = 'CONNECT'
    ) then
      execute format('grant connect on database %I to %I', current_database(), v_role);
    end if;
  end loop;

  -- The user that migrates, and that runs the operator's commands, must be able to take these roles.
  if not (select rolsuper from pg_roles where rolname = current_user) then
    execute format('grant stockade_owner, stockade_jobs, stockade_admin to %I with inherit false, set true', current_user);
  end if;

  if not has_database_privilege('stockade_owner', current_database(), 'create') then
    execute format('grant create on database %I to stockade_owner', current_database());
  end if;
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
  if exists (
    select
    from pg_database d
    cross join aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) as a
    where d.datname = current_database() and a.grantee = 0 and a.privilege_type in ('CREATE', 'TEMPORARY')
  ) then
    execute format('revoke create, temporary on database %I from public', current_database());
  end if;
  revoke all on schema public from public;
end
$$;

-- What the sessions of each role begin with. A role can change that for itself, and nothing can keep it from that: what is not
-- said here goes. Each connection of the release compares its role with it too: layers/platform/postgres/login-settings.ts.
--
-- One statement, which changes nothing that is right already: no session begins in between, and no two migrations at once
-- write the same row. And not RESET ALL, which nobody but a superuser may use when one of the settings cannot be reset.
do $$
declare
  v_change record;
begin
  for v_change in
    with wanted (name, value, role) as (
      values
        -- A request that waits or runs longer than this is a fault; the caller gets an error and tries again.
        ('statement_timeout', '15s', 'stockade_api'),
        ('lock_timeout', '5s', 'stockade_api'),
        ('idle_in_transaction_session_timeout', '30s', 'stockade_api'),
        -- One whose caller has gone away is stopped.
        ('client_connection_check_interval', '5s', 'stockade_api'),
        ('search_path', '', 'stockade_api'),
        -- A request finds rows by their keys, one after the other. Without statistics of values, Postgres would guess that
        -- everything of an organization is a few rows, and read and sort all of them in place of a page of an index.
        ('enable_seqscan', 'off', 'stockade_api'),
        ('enable_bitmapscan', 'off', 'stockade_api'),
        -- Postgres 16 and 17 add ten thousand million to the cost of what is switched off, and compile each statement that costs
        -- that much: longer than any request takes.
        ('jit', 'off', 'stockade_api'),
        ('enable_hashjoin', 'off', 'stockade_api'),
        ('enable_mergejoin', 'off', 'stockade_api'),
        ('enable_material', 'off', 'stockade_api'),
        -- An index that has the columns of an answer is not the one that finds its row.
        ('enable_indexonlyscan', 'off', 'stockade_api'),
        -- The rows of an organization are a part of a table: they are read by an index, however few the others are.
        ('enable_seqscan', 'off', 'stockade_jobs'),
        ('enable_bitmapscan', 'off', 'stockade_jobs'),
        ('lock_timeout', '30s', 'stockade_jobs'),
        ('search_path', '', 'stockade_jobs'),
        ('enable_seqscan', 'off', 'stockade_admin'),
        ('enable_bitmapscan', 'off', 'stockade_admin'),
        ('statement_timeout', '60s', 'stockade_admin'),
        ('lock_timeout', '5s', 'stockade_admin'),
        ('search_path', '', 'stockade_admin')
    ),
    found as (
      select r.rolname as role, d.datname as database, split_part(text, '=', 1) as name,
        nullif(substr(text, strpos(text, '=') + 1), '""') as value
      from pg_db_role_setting s
      join pg_roles r on r.oid = s.setrole
      left join pg_database d on d.oid = s.setdatabase
      cross join unnest(s.setconfig) as text
      where s.setdatabase = 0 or d.datname = current_database()
    )
    select 1 as turn, format('alter role %I %s reset %I', f.role, 'in database ' || quote_ident(f.database), f.name) as command
    from found f
    where f.role in (select role from wanted)
      and f.name <> 'temp_file_limit'
      and (
        f.database is not null
        or not exists (select from wanted w where (w.role, w.name, w.value) = (f.role, f.name, coalesce(f.value, '')))
      )
    union all
    select 2, format('alter role %I set %I = %L', w.role, w.name, w.value)
    from wanted w
    join pg_roles r on r.rolname = w.role
    where not exists (
      select
      from found f
      where f.database is null and (f.role, f.name, coalesce(f.value, '')) = (w.role, w.name, w.value)
    )
    order by turn
  loop
    begin
      execute v_change.command;
    exception
      -- It lasts no longer than the login, and matters to nobody.
      when feature_not_supported then
        raise notice '%: only a superuser can do this, with RESET ALL', v_change.command;
    end;
  end loop;
end
$$;

-- What sessions may take from the others. These limits a role cannot change itself, unlike its timeouts and its memory.
--
-- Files for sorts and joins that do not fit into memory: only a superuser limits them for a role. Where the user that migrates
-- may not, the limit belongs into the parameters of the server. Connections: requests leave some to jobs and operators,
-- however many there are, and the other way round.
do $$
declare
  v_connections constant integer := current_setting('max_connections')::integer
    - current_setting('superuser_reserved_connections')::integer
    - current_setting('reserved_connections')::integer;
  v_limit record;
begin
  for v_limit in
    select given.role, given.files, given.connections, r.rolconnlimit, r.rolconfig
    from (
      values
        ('64MB', v_connections - greatest(v_connections / 10, 4), 'stockade_api'),
        ('4GB', v_connections / 2, 'stockade_admin'),
        ('16GB', v_connections / 2, 'stockade_jobs')
    ) as given (files, connections, role)
    join pg_roles r on r.rolname = given.role
  loop
    if v_limit.connections <> v_limit.rolconnlimit then
      execute format('alter role %I connection limit %s', v_limit.role, v_limit.connections);
    end if;
    if has_parameter_privilege('temp_file_limit', 'set')
      and coalesce('temp_file_limit=' || v_limit.files <> all (v_limit.rolconfig), true)
    then
      execute format('alter role %I set temp_file_limit = %L', v_limit.role, v_limit.files);
    end if;
  end loop;
end
$$;

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
          'pg_export_snapshot', 'pg_notification_queue_usage', 'loread', 'lowrite',
          'pg_isolation_test_session_is_blocked', 'pg_xact_status', 'txid_status',
          -- They lock a table before they look at it, and autovacuum gives way.
          'brin_summarize_new_values', 'brin_summarize_range', 'brin_desummarize_range', 'gin_clean_pending_list',
          -- They parse and plan a text, and nothing ends that: no cancel, no timeout, no end of the session.
          'ts_stat', 'ts_rewrite', 'query_to_xml', 'query_to_xmlschema', 'query_to_xml_and_xmlschema', 'cursor_to_xml',
          'cursor_to_xmlschema'
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
  -- A role that may update a view may lock it against everybody.
  revoke update on pg_catalog.pg_settings from public;
  if has_language_privilege('public', 'plpgsql', 'usage') then
    revoke usage on language plpgsql from public;
    grant usage on language plpgsql to stockade_owner, stockade_ledger, stockade_jobs, stockade_admin;
  end if;
end
$$;
