-- A role that may write to the ledger directly, or change or remove its rows.
-- level: leak
-- The functions that post check each entry and record who posted it. Entries and movements prove the balances, the seals and
-- restored backups. A trigger refuses changes too, but it must not be the only protection.
select
  p.object,
  format('%s has %s', p.grantee_name, string_agg(p.privilege, ', ' order by p.privilege)) as detail,
  format(
    'revoke %s on %s from %s;',
    string_agg(concat(p.privilege, ' (' || quote_ident(p.column_name) || ')'), ', ' order by p.privilege),
    t.name, p.grantee_name
  ) as remedy
from privileges p
join own_tables t on t.oid = p.table_oid
where p.grantee not in (0, p.owner)
  and (
    (
      p.privilege in ('insert', 'update', 'delete', 'truncate')
      and t.name in ('inventory.entries', 'inventory.movements')
    )
    or (p.privilege in ('update', 'delete', 'truncate') and t.class like '%(append-only)')
  )
group by p.object, p.grantee_name, t.name
