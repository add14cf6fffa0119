-- A foreign table, or a server to make one of.
-- level: leak
-- Policies do not hold for what another server sends or stores, and a server's user mapping is a login that skips ours.
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
