-- An index of a tenant's table that finds rows before their organization is asked for.
-- level: leak
-- A condition that an index answers is evaluated before any policy. By the time, the plan or an error it shows whether there is
-- such a row: every value of the index, one comparison at a time.
with searched_before as (
  -- Conditions whose operators are not leakproof wait for the policy, and no index answers them before.
  select distinct c.oid
  from pg_opclass c
  join pg_amop a on a.amopfamily = c.opcfamily and a.amoppurpose = 's'
  join pg_operator o on o.oid = a.amopopr
  join pg_proc f on f.oid = o.oprcode
  where f.proleakproof
),
readers as (
  select distinct p.table_oid, l.name
  from privileges p
  join login_roles l on l.oid = p.grantee
  where p.privilege = 'select'
    -- Jobs may enter every organization, and operators see the tables of organizations as a whole.
    and l.name not in ('stockade_jobs', 'stockade_admin')
)
select
  i.indexrelid::regclass::text as object,
  format('%s, of %s, which %s reads', pg_get_indexdef(i.indexrelid), t.name, r.name) as detail,
  case
    when t.org_column = 'id' then format('revoke select on %s from %s, and read it through a function', t.name, r.name)
    else format('create it again with %s first', t.org_column)
  end as remedy
from tenant_tables t
join readers r on r.table_oid = t.oid
join pg_index i on i.indrelid = t.oid
join pg_class x on x.oid = i.indexrelid
join pg_am m on m.oid = x.relam
-- A B-tree searches by its first column. The other methods use the conditions on all columns together.
where case m.amname
    when 'btree' then i.indkey[0] is distinct from t.org_number
    else array_position(i.indkey::int2[], t.org_number) is null
  end
  and i.indclass::oid[] && (select array_agg(oid) from searched_before)
