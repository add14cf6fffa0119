-- A foreign table, or a foreign server.
-- level: leak
-- Policies do not apply to the data of another server, and the user mapping of a server is a login that bypasses ours.
select
  name as object,
  'it is a foreign table' as detail,
  format('drop foreign table %s;', name) as remedy
from own_relations
where kind = 'f'
union all
select
  quote_ident(srvname),
  'it is a foreign server',
  format('drop server %I cascade;', srvname)
from pg_foreign_server
