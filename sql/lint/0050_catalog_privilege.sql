-- More privileges on Postgres' own objects than everybody has.
-- level: leak
-- pg_authid contains password hashes, and pg_statistic values from every organization's rows. pg_read_file and lo_import read
-- files for every role that was granted them.
with given as (
  select c.tableoid as class, c.oid, 0 as column_number, c.oid::regclass::text as object, c.relacl as acl,
    acldefault('r', c.relowner) as default_acl
  from pg_class c
  where c.oid < 16384
    and c.relacl is not null
    -- The views of information_schema show each role only its own; initdb grants them without a record in pg_init_privs.
    and c.relnamespace <> to_regnamespace('information_schema')
  union all
  select a.tableoid, a.attrelid, a.attnum, format('%s.%I', a.attrelid::regclass, a.attname), a.attacl, acldefault('c', 10)
  from pg_attribute a
  where a.attrelid < 16384
    and a.attacl is not null
    -- Also granted by initdb: every column except the one with passwords.
    and not (a.attrelid = 'pg_subscription'::regclass and a.attname <> 'subconninfo')
  union all
  select p.tableoid, p.oid, 0, p.oid::regprocedure::text, p.proacl, acldefault('f', p.proowner)
  from pg_proc p
  where p.oid < 16384
    and p.proacl is not null
)
select
  g.object,
  format(
    '%s has %s', case when a.grantee = 0 then 'public' else a.grantee::regrole::text end, lower(a.privilege_type)
  ) as detail,
  format(
    'revoke %s on %s from %s;',
    lower(a.privilege_type), g.object, case when a.grantee = 0 then 'public' else a.grantee::regrole::text end
  ) as remedy
from given g
left join pg_init_privs i on i.classoid = g.class and i.objoid = g.oid and i.objsubid = g.column_number
cross join lateral aclexplode(g.acl) as a
where (a.grantee = 0 or a.grantee in (select oid from login_roles))
  -- A privilege that was revoked from PUBLIC and left to some roles is not an additional one.
  and not exists (
    select
    from aclexplode(coalesce(i.initprivs, g.default_acl)) as initial
    where initial.grantee = 0
      and initial.privilege_type = a.privilege_type
  )
