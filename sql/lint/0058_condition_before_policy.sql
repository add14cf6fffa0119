-- A tenant's table where a condition of a statement comes before the policy.
-- level: leak
-- Postgres evaluates cheap conditions first, also for rows that the policy then hides. By the time, the plan or an error it
-- shows whether a row of another organization has passed: every value, one comparison at a time.
select distinct
  t.name as object,
  format('%s reads it without the policy tenant_first', p.grantee_name) as detail,
  format(
    'create policy tenant_first on %s as restrictive for select to %s using (%s);',
    t.name, p.grantee_name, replace(w.condition, ' AS current_org', '')
  ) as remedy
from tenant_tables t
join privileges p on p.table_oid = t.oid and p.privilege = 'select'
join login_roles l on l.oid = p.grantee
cross join lateral format(
  '((JSON_OBJECT(%I : true RETURNING jsonb))[( SELECT (tenancy.current_org())::text AS current_org)] IS NOT NULL)',
  t.org_column
) as w (condition)
-- Jobs may enter every organization, and operators see the tables of organizations as a whole.
where l.name not in ('stockade_jobs', 'stockade_admin')
  and not exists (
    select
    from pg_policy p
    where p.polrelid = t.oid
      and not p.polpermissive
      and p.polcmd in ('r', '*')
      and pg_get_expr(p.polqual, p.polrelid) = w.condition
      and exists (select from unnest(p.polroles) as role where role = 0 or pg_has_role(l.oid, role, 'usage'))
  )
