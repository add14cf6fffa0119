--! needs tenancy/tenant_tables
-- What the planner knows of the values of tenants.

create or replace function tenancy.clear_statistics()
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_table regclass;
begin
  -- Earlier versions have no function for it, and only a superuser may delete the rows.
  if current_setting('server_version_num')::integer < 180000 then
    return;
  end if;
  foreach v_table in array 'tenancy.organizations'::regclass || tenancy.tenant_tables() loop
    perform pg_clear_attribute_stats(n.nspname::text, c.relname::text, a.attname::text, false)
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.oid = v_table;
  end loop;
end
$$;

comment on function tenancy.clear_statistics is
  'Removes the statistics of every column of the tables of organizations. Before Postgres 18 it removes nothing.';
