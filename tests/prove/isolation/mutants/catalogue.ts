import type { Client } from 'pg';
import type { Mutant } from './mutant.ts';

/** A mutant for each protection in the catalogue: it removes the protection. */
export async function catalogueMutants(superuser: Client): Promise<Mutant[]> {
  const mutants: Mutant[] = [];
  for (const query of [
    tables,
    policies,
    keys,
    tableGrants,
    secretColumns,
    functionGrants,
    definers,
    planners,
    triggers,
    statistics,
    database,
  ]) {
    const { rows } = await superuser.query<Mutant>(query);
    mutants.push(...rows);
  }
  return mutants;
}

const ours = `nspname in ('tenancy', 'inventory', 'recovery')`;

const tables = `
  select
    kind,
    format('%I.%I', nspname, relname) as name,
    format('alter table %I.%I %s', nspname, relname, change) as sql
  from pg_class c
  join pg_namespace n on n.oid = relnamespace
  cross join (values
    ('row-level security disabled', 'disable row level security'),
    ('row-level security not forced', 'no force row level security')
  ) as mutation (kind, change)
  where relrowsecurity and relforcerowsecurity and ${ours}
  order by 1, 2`;

const policies = `
  with policy as (
    select polname, polcmd, polrelid, format('%I on %s', polname, polrelid::regclass) as name,
      pg_get_expr(polqual, polrelid) as qual, pg_get_expr(polwithcheck, polrelid) as checked
    from pg_policy
  )
  select 'policy dropped' as kind, name, format('drop policy %s', name) as sql from policy
  union all
  select 'USING made true', name, format('alter policy %s using (true)', name) from policy
  where qual <> 'true' and polcmd in ('*', 'r', 'w', 'd')
  union all
  select 'WITH CHECK made true', name, format('alter policy %s with check (true)', name) from policy
  where coalesce(checked, qual) <> 'true' and polcmd in ('*', 'a', 'w')
  order by 1, 2`;

/** Keys that separate organizations: foreign keys are dropped, and unique keys get a copy without the organization. */
const keys = `
  select 'foreign key dropped' as kind, format('%I on %s', conname, conrelid::regclass) as name,
    format('alter table %s drop constraint %I', conrelid::regclass, conname) as sql
  from pg_constraint
  join pg_class c on c.oid = conrelid
  join pg_namespace n on n.oid = c.relnamespace
  where contype = 'f' and ${ours}
  union all
  select 'unique across organizations', format('%s without org_id', i.indexrelid::regclass),
    format(
      'create unique index on %s (%s)', i.indrelid::regclass,
      (select string_agg(quote_ident(attname), ', ' order by k.n)
       from unnest(i.indkey::int2[]) with ordinality as k (attnum, n)
       join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
       where a.attname <> 'org_id')
    )
  from pg_index i
  join pg_class c on c.oid = i.indrelid
  join pg_namespace n on n.oid = c.relnamespace
  where i.indisunique and i.indnkeyatts > 1 and i.indpred is null and ${ours}
    and exists (select from pg_attribute a where a.attrelid = i.indrelid and a.attname = 'org_id')
  order by 1, 2`;

/** Lets Postgres gather statistics of each column that shows them to organizations. */
const statistics = `
  select 'statistics gathered' as kind, format('%s.%I', a.attrelid::regclass, a.attname) as name,
    format('alter table %s alter column %I set statistics -1', a.attrelid::regclass, a.attname) as sql
  from unnest('tenancy.organizations'::regclass || tenancy.tenant_tables()) as t (oid)
  join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
  order by 2`;

/** Grants each missing verb to each role. */
const tableGrants = `
  select 'verb granted' as kind, format('%s on %s to %s', verb, c.oid::regclass, role) as name,
    format('grant %s on %s to %I', verb, c.oid::regclass, role) as sql
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  cross join unnest(array['stockade_api', 'stockade_jobs', 'stockade_admin']) as role
  cross join unnest(array['select', 'insert', 'update', 'delete', 'truncate']) as verb
  where c.relkind in ('r', 'p') and ${ours} and not has_table_privilege(role, c.oid, verb)
  order by 2`;

/** Grants each column that is commented as secret. */
const secretColumns = `
  select 'secret column granted' as kind, format('%s.%I to %s', c.oid::regclass, a.attname, role) as name,
    format('grant select (%I) on %s to %I', a.attname, c.oid::regclass, role) as sql
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  cross join unnest(array['stockade_api', 'stockade_jobs', 'stockade_admin']) as role
  where ${ours} and (
    col_description(c.oid, a.attnum) like 'Secret:%' or obj_description(c.oid, 'pg_class') like 'Secret:%'
  )
  order by 2`;

const functionGrants = `
  select 'function granted' as kind, format('%s to %s', p.oid::regprocedure, role) as name,
    format('grant execute on routine %s to %I', p.oid::regprocedure, role) as sql
  from pg_proc p
  join pg_namespace n on n.oid = p.pronamespace
  -- As a role, public is everybody.
  cross join unnest(array['stockade_api', 'stockade_jobs', 'stockade_admin', 'public']) as role
  where ${ours} and not has_function_privilege(role, p.oid, 'execute') and p.prorettype is distinct from 'trigger'::regtype
  order by 2`;

const definers = `
  select 'definer without search_path' as kind, p.oid::regprocedure::text as name,
    format('alter routine %s reset search_path', p.oid::regprocedure) as sql
  from pg_proc p
  join pg_namespace n on n.oid = p.pronamespace
  where prosecdef and ${ours}
  order by 2`;

/** Leaves what the plans of a function of requests depend on to the session, one setting at a time. */
const planners = `
  select 'plans left to the session' as kind, format('%s of %s', setting, p.oid::regprocedure) as name,
    format('alter routine %s reset %I', p.oid::regprocedure, split_part(setting, '=', 1)) as sql
  from pg_proc p
  join pg_namespace n on n.oid = p.pronamespace
  cross join unnest(p.proconfig) as setting
  where prosecdef and ${ours} and setting ~ '^(enable|random|cpu)_' and has_function_privilege('stockade_api', p.oid, 'execute')
  order by 2`;

const triggers = `
  select 'trigger disabled' as kind, format('%I on %s', tgname, tgrelid::regclass) as name,
    format('alter table %s disable trigger %I', tgrelid::regclass, tgname) as sql
  from pg_trigger
  where not tgisinternal
  order by 2`;

const database = `
  select 'database opened' as kind, what as name, sql
  from (values
    ('TEMPORARY to everybody', format('grant temporary on database %I to public', current_database())),
    ('CREATE to everybody', format('grant create on database %I to public', current_database())),
    ('CREATE in public to everybody', 'grant create on schema public to public'),
    ('CREATE in inventory to the API', 'grant create on schema inventory to stockade_api')
  ) as mutation (what, sql)`;
