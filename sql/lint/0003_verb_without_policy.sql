-- A tenant's table where a verb has no policy for everyone.
-- level: weakness
-- Rows are refused, not leaked. But somebody who finds the table empty adds a policy for one role, such as `using (true)`.
-- With one policy for every verb and every role, nobody needs to add another.
select
  t.name as object,
  format('no policy for everyone covers %s', string_agg(verb.name, ', ' order by verb.name)) as detail,
  format(
    'create policy tenant on %s using (%I = (select tenancy.current_org())) with check (%I = (select tenancy.current_org()));',
    t.name, t.org_column, t.org_column
  ) as remedy
from tenant_tables t
cross join (
  values ('r', 'select'), ('a', 'insert'), ('w', 'update'), ('d', 'delete')
) as verb (command, name)
where not exists (
  select
  from tenant_policies p
  where p.table_oid = t.oid
    and p.is_for_everyone
    and p.command in (verb.command::"char", '*')
)
group by t.name, t.org_column
