--! needs inventory/forms
--! needs tenancy/context
--! needs tenancy/digests
--! needs tenancy/tenant_tables
--! needs 000011_entries
-- Exporting the organization that was entered.

create or replace function tenancy.portable_schema()
returns json
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  v_last stockade_migrations.applied;
begin
  select * into strict v_last from stockade_migrations.applied order by number desc limit 1;
  return json_build_object(
    'migration', v_last.name,
    'book', tenancy.book_digest(),
    'tables', (
      select json_agg(
        json_build_object(
          'name', r.relation::text,
          'columns', (select json_agg(c.name order by c.n)
            from tenancy.portable_columns(r.relation) with ordinality as c (name, type, as_json, key_place, names_user, n))
        )
        order by r.n
      )
      from unnest(tenancy.portable_tables()) with ordinality as r (relation, n)
    ),
    -- Items come a second time, after the movements: see tenancy.import_rows().
    'steps', to_json(tenancy.tenant_tables()::text[] || 'inventory.items'::text)
  );
end
$$;

comment on function tenancy.portable_schema is
  'What an export of this database looks like: {migration, book, tables: [{name, columns}], steps: [table]}, '
  'steps being the order in which rows are imported. Says nothing of any organization.';
grant execute on function tenancy.portable_schema to stockade_jobs, stockade_admin;

create or replace function tenancy.begin_export()
returns json
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_org_id uuid := tenancy.require_scope('read');
  v_table regclass;
  v_rows bigint;
  v_counts jsonb := '{}';
begin
  perform tenancy.use_export_settings();
  foreach v_table in array tenancy.portable_tables() loop
    execute format('select count(*) from (%s) as l', tenancy.export_statement(v_table, v_org_id, null, '{}')) into v_rows;
    v_counts := v_counts || jsonb_build_object(v_table::text, v_rows);
  end loop;
  return (
    select json_build_object(
      'organization', json_build_object('id', o.id, 'slug', o.slug, 'name', o.name, 'status', o.status),
      'takenAt', inventory.iso(now()),
      'schema', tenancy.portable_schema(),
      'counts', v_counts
    )
    from tenancy.organizations o
    where o.id = v_org_id
  );
end
$$;

comment on function tenancy.begin_export is
  'Prepares a transaction that has entered an organization for exporting it: {organization, takenAt, schema, '
  'counts: {table: rows}}. The transaction must be repeatable read, or tables will not fit together. Raises SK902 '
  'when no organization was entered, SK104 when the caller may not read.';
grant execute on function tenancy.begin_export to stockade_jobs;

create or replace function tenancy.open_export(p_table text)
returns refcursor
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_org_id uuid := tenancy.require_scope('read');
  v_rows refcursor := 'export';
begin
  if p_table <> all (tenancy.portable_tables()::text[]) then
    raise exception 'the table % holds nothing of an organization', p_table using errcode = 'SK505';
  end if;
  open v_rows no scroll for execute tenancy.export_statement(p_table::regclass, v_org_id, null, '{}');
  return v_rows;
end
$$;

comment on function tenancy.open_export is
  'Opens the cursor "export" over the rows of a table that belong to the organization that was entered, as lines '
  'of json in the order of their keys; for the users those its rows name. Digests of API keys are among them, '
  'secrets are not. Raises SK505 no such table, SK902 when no organization was entered, SK104 when the caller may '
  'not read.';
grant execute on function tenancy.open_export to stockade_jobs;
