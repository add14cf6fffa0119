-- A setting of a role or of the database that weakens isolation, or a search_path that is not empty.
-- level: weakness
-- Every session starts with it: in another role, without triggers, with a context, or with names found in another schema.
select
  case when s.setrole = 0 then 'database ' || quote_ident(current_database()) else s.setrole::regrole::text end as object,
  format('it starts sessions with %s', setting) as detail,
  case
    when s.setrole = 0 then format('alter database %I reset %s;', current_database(), split_part(setting, '=', 1))
    else format(
      'alter role %s%s reset %s;',
      s.setrole::regrole,
      case when s.setdatabase <> 0 then format(' in database %I', current_database()) end,
      split_part(setting, '=', 1)
    )
  end as remedy
from pg_db_role_setting s
cross join lateral unnest(s.setconfig) as setting
where s.setdatabase in (0, (select oid from pg_database where datname = current_database()))
  and (
    s.setrole = 0
    or s.setrole in (select oid from login_roles)
    or s.setrole = to_regrole('stockade_owner')
  )
  and (
    setting ~ '^(role|session_authorization|row_security|session_replication_role|lo_compat_privileges|stockade\..*)='
    or (setting ~ '^search_path=' and setting <> 'search_path=""' and s.setrole <> 0)
  )
union all
select
  l.name,
  'its search_path is not set, so it is "$user", public',
  format('alter role %s set search_path = '''';', l.name)
from login_roles l
where not exists (
  select
  from pg_db_role_setting s
  cross join lateral unnest(s.setconfig) as setting
  where s.setrole = l.oid
    and s.setdatabase in (0, (select oid from pg_database where datname = current_database()))
    and setting ~ '^search_path='
)
