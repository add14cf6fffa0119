-- Schemas that did not come with Postgres or an extension. The oids below 16384 are those of initdb.
select n.oid, quote_ident(n.nspname) as name, n.nspowner as owner, n.nspacl as acl
from pg_namespace n
where (n.oid >= 16384 or n.nspname = 'public')
  and n.nspname !~ '^pg_(toast|temp)'
  and (n.tableoid, n.oid) not in (select classid, objid from extension_members)
