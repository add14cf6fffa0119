--! needs tenancy/tenant_tables
-- The rows of an organization as lines of json, and the digests of them: the same rows have the same digest everywhere.

create or replace function tenancy.export_statement(p_table regclass, p_org_id uuid, p_slug text, p_users jsonb)
returns text
language plpgsql
stable
set search_path = ''
as $$
declare
  v_source text;
  v_fields text;
  v_order text;
  v_where text;
begin
  select
    string_agg(
      case
        when c.names_user and p_users <> '{}'
          then format('coalesce((%1$L::jsonb ->> t.%2$I::text)::uuid, t.%2$I) as %2$I', p_users, c.name)
        when p_table = 'tenancy.organizations'::regclass and c.name = 'slug' and p_slug is not null
          then format('%L::text as slug', p_slug)
        else format('t.%I', c.name)
      end,
      ', '
      order by c.n
    ),
    string_agg(format('%s as %I', c.as_json, c.name), ', ' order by c.n),
    -- Text is ordered by its bytes, because collations differ between servers.
    string_agg(
      format(case when a.attcollation <> 0 then 't.%I collate "C"' else 't.%I' end, c.name),
      ', '
      order by c.key_place
    ) filter (where c.key_place is not null)
  into v_source, v_fields, v_order
  from tenancy.portable_columns(p_table) with ordinality as c (name, type, as_json, key_place, names_user, n)
  join pg_attribute a on a.attrelid = p_table and a.attname = c.name;

  v_where := case p_table
    when 'tenancy.organizations'::regclass then format('t.id = %L', p_org_id)
    when 'tenancy.users'::regclass then (
      select format('t.id in (%s)', string_agg(format('select %I from %s where org_id = %L', c.name, r.relation, p_org_id), ' union '))
      from unnest(tenancy.tenant_tables()) as r (relation)
      cross join lateral tenancy.portable_columns(r.relation) as c
      where c.names_user
    )
    else format('t.org_id = %L', p_org_id)
  end;

  if v_order is null then
    return format(
      'select l.line from (select row_to_json(r)::text as line from '
      '(select %s from (select %s from %s t where %s) t) r) l order by l.line collate "C"',
      v_fields, v_source, p_table, v_where
    );
  end if;
  return format(
    'select row_to_json(r)::text as line from (select %s from (select %s from %s t where %s) t order by %s) r',
    v_fields, v_source, p_table, v_where, v_order
  );
end
$$;

comment on function tenancy.export_statement is
  'The statement that reads the rows of one organization in one table, as one line of json each, in the order of '
  'their keys: the same rows give the same lines in every database. p_slug and p_users, {id here: id there}, write '
  'them as the database did that they came from.';

create or replace function tenancy.use_export_settings()
returns void
language sql
volatile
set search_path = ''
as $$
  select
    set_config('timezone', 'UTC', true),
    set_config('datestyle', 'ISO, YMD', true),
    set_config('intervalstyle', 'postgres', true),
    set_config('bytea_output', 'hex', true),
    set_config('extra_float_digits', '1', true)
$$;

comment on function tenancy.use_export_settings is
  'Sets, until the end of the transaction, the settings that decide how values become text in an export.';

create or replace function tenancy.digest_tables(p_org_id uuid, p_slug text, p_users jsonb)
returns table (name text, row_count bigint, digest bytea)
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_line text;
begin
  perform tenancy.use_export_settings();
  foreach name in array tenancy.portable_tables()::text[] loop
    row_count := 0;
    digest := decode(repeat('00', 32), 'hex');
    for v_line in execute tenancy.export_statement(name::regclass, p_org_id, p_slug, p_users) loop
      digest := sha256(digest || convert_to(v_line, 'UTF8'));
      row_count := row_count + 1;
    end loop;
    return next;
  end loop;
end
$$;

comment on function tenancy.digest_tables is
  'The number of rows and the digest of each table of an organization. The digest is a chain: SHA-256 over the '
  'digest so far (first 32 zero bytes) and the next line, so that no line has to be kept.';

create or replace function tenancy.book_digest()
returns text
language sql
stable
set search_path = ''
as $$
  select encode(
    sha256(
      convert_to(
        concat(
          (select a.chain from stockade_migrations.applied a order by a.number desc limit 1), E'\n',
          (
            select string_agg(format(E'%s %s\n', f.name, f.sha256), '' order by f.name collate "C")
            from stockade_migrations.functions f
          )
        ),
        'UTF8'
      )
    ),
    'hex'
  )
$$;

comment on function tenancy.book_digest is
  'The digest of the whole schema: SHA-256, in hex, over the chain of the migrations and the digest of every function file that '
  'this database has. Databases with the same one have the same tables and functions.';

create or replace function tenancy.receipt(p_org_id uuid)
returns table (receipt bytea, row_counts jsonb)
language sql
volatile
set search_path = ''
as $$
  select
    sha256(
      convert_to(
        concat(
          'stockade organization 1', E'\n',
          p_org_id, E'\n',
          tenancy.book_digest(), E'\n',
          string_agg(format(E'%s %s %s\n', d.name, d.row_count, encode(d.digest, 'hex')), '' order by d.name collate "C")
        ),
        'UTF8'
      )
    ),
    jsonb_object_agg(d.name, d.row_count)
  from tenancy.digest_tables(p_org_id, null, '{}') as d
$$;

comment on function tenancy.receipt is
  'The receipt of an organization: SHA-256 over its id, the digest of the schema and the digests of all its '
  'tables, as in an export; and the number of rows of each table.';
