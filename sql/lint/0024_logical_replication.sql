-- A publication of tenants' tables, or a subscription.
-- level: leak
-- A publication sends the rows of every organization to every subscriber, without policies. A subscription writes what another
-- server sends, as a role that may bypass policies.
select
  format('publication %I', p.pubname) as object,
  'it sends ' || string_agg(t.name, ', ' order by t.name) as detail,
  format('drop publication %I;', p.pubname) as remedy
from pg_publication p
cross join lateral pg_get_publication_tables(p.pubname) as sent
join tenant_tables t on t.oid = sent.relid
group by p.pubname
union all
select
  format('subscription %I', s.subname),
  'it writes as ' || s.subowner::regrole::text,
  format('drop subscription %I;', s.subname)
from pg_subscription s
join pg_database d on d.oid = s.subdbid
where d.datname = current_database()
