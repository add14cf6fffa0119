-- Tables, views, sequences and indexes that did not come with Postgres or an extension, in any schema.
select
  c.oid,
  c.oid::regclass::text as name,
  c.relkind as kind,
  c.relowner as owner,
  c.relacl as acl,
  c.reloptions as options,
  c.relrowsecurity as row_security,
  c.relforcerowsecurity as row_security_forced
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where c.oid >= 16384
  and n.nspname !~ '^pg_(toast|temp)'
  and (c.tableoid, c.oid) not in (select classid, objid from extension_members)
