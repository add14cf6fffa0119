-- A whole organization leaves, arrives or ends: export, import, erase.
--
-- Which tables hold rows of organizations, and how they hang together, is read from the catalogue, so that a table made
-- later takes part without being told to.

-- The tables with an org_id, parents before children.
create function tenancy.tenant_tables()
returns regclass[]
language plpgsql
stable
set search_path = ''
as $$
declare
  v_waiting oid[] := array(
    select c.oid
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attname = 'org_id' and not a.attisdropped
    where c.relkind in ('r', 'p')
      and not c.relispartition
      and c.oid >= 16384
    order by c.oid
  );
  v_ready oid[];
  v_placed regclass[] := '{}';
begin
  while v_waiting <> '{}' loop
    v_ready := array(
      select w.child
      from unnest(v_waiting) with ordinality as w (child, n)
      where not exists (
        select from pg_constraint k
        where k.contype = 'f' and k.conrelid = w.child and k.confrelid <> w.child and k.confrelid = any (v_waiting)
      )
      -- What the balance trigger needs, and makes, is told by no foreign key of the movements.
      and not exists (
        select
        from (
          values
            ('inventory.movements', 'inventory.items'),
            ('inventory.movements', 'inventory.locations'),
            ('inventory.balances', 'inventory.movements')
        ) as needs (child, parent)
        where to_regclass(needs.child) = w.child and to_regclass(needs.parent) = any (v_waiting)
      )
      order by w.n
    );
    if v_ready = '{}' then
      raise exception 'tables with org_id refer to each other in a circle: %', v_waiting::regclass[] using errcode = 'SK506';
    end if;
    v_placed := v_placed || v_ready::regclass[];
    v_waiting := array(
      select w.child from unnest(v_waiting) with ordinality as w (child, n) where w.child <> all (v_ready) order by w.n
    );
  end loop;
  return v_placed;
end
$$;

comment on function tenancy.tenant_tables() is
  'Every table with an org_id, in the order in which rows can be inserted. Raises SK506 when foreign keys form a circle.';

-- The columns that are written, in their order; what is generated follows from them.
-- as_json is what an export says of column t.<name>: a value that json holds without loss as itself, everything else as
-- its text. Of json it is the text as well, since json keeps blanks and doubled keys that jsonb does not.
create function tenancy.portable_columns(p_table regclass)
returns table (name text, type text, as_json text, key_place integer, names_user boolean)
language sql
stable
set search_path = ''
as $$
  select
    a.attname,
    format_type(a.atttypid, a.atttypmod),
    format(
      case
        when b.base in (
          'boolean'::regtype, 'smallint'::regtype, 'integer'::regtype, 'bigint'::regtype, 'numeric'::regtype,
          'text'::regtype, 'uuid'::regtype, 'date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype
        ) then 'to_json(t.%1$I)'
        -- A bare null of jsonb would be taken for no value at all.
        when b.base = 'jsonb'::regtype then
          'case when jsonb_typeof(t.%1$I) in (''object'', ''array'') then t.%1$I::json else to_json(t.%1$I::text) end'
        else 'to_json(t.%1$I::text)'
      end,
      a.attname
    ),
    array_position(k.conkey, a.attnum),
    (a.attrelid = 'tenancy.users'::regclass and a.attname = 'id') or exists (
      select from pg_constraint f
      where f.contype = 'f'
        and f.conrelid = a.attrelid
        and f.confrelid = 'tenancy.users'::regclass
        and f.conkey = array[a.attnum]
    )
  from pg_attribute a
  join pg_type t on t.oid = a.atttypid
  cross join lateral (select case t.typtype when 'd' then t.typbasetype else t.oid end as base) as b
  left join pg_constraint k on k.conrelid = a.attrelid and k.contype = 'p'
  where a.attrelid = p_table
    and a.attnum > 0
    and not a.attisdropped
    and a.attgenerated = ''
  order by a.attnum
$$;

-- The statement that tells the rows of one organization in one table, a line of json each, in the order of their keys:
-- the same rows give the same lines in every database. p_slug and p_users ({id here: id there}) tell them as the
-- database did that they came from.
create function tenancy.export_statement(p_table regclass, p_org_id uuid, p_slug text, p_users jsonb)
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
    -- Text is ordered by its bytes: collations differ between servers.
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

-- How values become text depends on these; until the end of the transaction they are what an export means.
create function tenancy.use_export_settings()
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

-- The organization itself, the users its rows name, and every tenant table, parents first.
create function tenancy.portable_tables()
returns regclass[]
language sql
stable
set search_path = ''
as $$
  select array['tenancy.organizations', 'tenancy.users']::regclass[] || tenancy.tenant_tables()
$$;

-- The digest of each table, with its rows counted: SHA-256 over the digest so far, at first 32 zero bytes, and the next
-- line, so that no line has to be kept.
create function tenancy.digest_tables(p_org_id uuid, p_slug text, p_users jsonb)
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

create function tenancy.portable_schema()
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
    'chain', v_last.chain,
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
    -- Items come again behind the movements: see tenancy.import_rows().
    'steps', to_json(tenancy.tenant_tables()::text[] || 'inventory.items'::text)
  );
end
$$;

comment on function tenancy.portable_schema() is
  'What an export of this database looks like: {migration, chain, tables: [{name, columns}], steps: [table]}, steps being the '
  'order in which rows are imported. Says nothing of any organization.';

create function tenancy.begin_export()
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

comment on function tenancy.begin_export() is
  'Prepares a transaction that has entered an organization for exporting it: {organization, takenAt, schema, counts: {table: '
  'rows}}. The transaction must be repeatable read, or tables will not fit together. '
  'Raises SK902 when no organization was entered, SK104 when the caller may not read.';

create function tenancy.open_export(p_table text)
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

comment on function tenancy.open_export(text) is
  'Opens the cursor "export" over the rows of a table that belong to the organization that was entered, as lines of json in '
  'the order of their keys; for the users those its rows name. Digests of API keys are among them, secrets are not. '
  'Raises SK505 no such table, SK902 when no organization was entered, SK104 when the caller may not read.';

-- The statement that reads lines of an export ($1 text[], $2 {user there: user here}) as rows of a table, numbered.
create function tenancy.lines_statement(p_table regclass, p_slug text)
returns text
language sql
stable
set search_path = ''
as $$
  select format(
    'select l.n, %s from unnest($1) with ordinality as l (line, n) cross join lateral json_to_record(l.line::json) as r (%s)',
    string_agg(
      case
        when c.names_user then format('coalesce($2 ->> r.%1$I, r.%1$I)::%2$s as %1$I', c.name, c.type)
        when p_table = 'tenancy.organizations'::regclass and c.name = 'slug' and p_slug is not null
          then format('%L::text as slug', p_slug)
        else format('r.%1$I::%2$s as %1$I', c.name, c.type)
      end,
      ', '
    ),
    string_agg(format('%I text', c.name), ', ')
  )
  from tenancy.portable_columns(p_table) as c
$$;

-- Inserts lines of an export. Lines whose row is there already, because a trigger made it or because they come a second
-- time, change it to what they say. Answers the numbers of lines whose row refers to one of the same table that is
-- neither there yet: they are to be sent again.
create function tenancy.write_lines(p_table regclass, p_lines text[], p_slug text, p_users jsonb)
returns integer[]
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_lines text := tenancy.lines_statement(p_table, p_slug);
  v_columns text;
  v_values text;
  v_same_key text;
  v_is_present text;
  v_differs text;
  v_changes text;
  v_complete text;
  v_waiting bigint[];
  v_present bigint;
  v_wrong json;
begin
  select
    string_agg(format('%I', c.name), ', '),
    -- Whether stock may go below zero is restored when the history is there, which was written under other rules.
    string_agg(
      case when p_table = to_regclass('inventory.items') and c.name = 'allow_negative' then 'true' else format('b.%I', c.name) end,
      ', '
    ),
    string_agg(format('t.%1$I = b.%1$I', c.name), ' and ') filter (where c.key_place is not null),
    string_agg(format('t.%1$I::text is distinct from b.%1$I::text', c.name), ' or ') filter (where c.key_place is null),
    string_agg(format('%1$I = b.%1$I', c.name), ', ') filter (where c.key_place is null and a.attidentity <> 'a')
  into v_columns, v_values, v_same_key, v_differs, v_changes
  from tenancy.portable_columns(p_table) as c
  join pg_attribute a on a.attrelid = p_table and a.attname = c.name;

  select string_agg(
    format(
      '(%1$s or (%2$s) or exists (select from %3$s t where %4$s))',
      pair.is_null,
      pair.is_itself,
      p_table,
      pair.is_there
    ),
    ' and '
  )
  into v_complete
  from pg_constraint f
  cross join lateral (
    select
      string_agg(format('b.%I is null', here.attname), ' or ') as is_null,
      string_agg(format('b.%I = b.%I', there.attname, here.attname), ' and ') as is_itself,
      string_agg(format('t.%I = b.%I', there.attname, here.attname), ' and ') as is_there
    from unnest(f.confkey, f.conkey) as k (there, here)
    join pg_attribute there on there.attrelid = p_table and there.attnum = k.there
    join pg_attribute here on here.attrelid = p_table and here.attnum = k.here
  ) as pair
  where f.contype = 'f' and f.conrelid = p_table and f.confrelid = p_table;

  v_is_present := case
    when v_same_key is null then 'false'
    else format('exists (select from %s t where %s)', p_table, v_same_key)
  end;
  execute format(
    'select array_agg(b.n order by b.n) filter (where not (%s)), '
    'count(*) filter (where %s) from (%s) as b',
    coalesce(v_complete, 'true'),
    v_is_present,
    v_lines
  )
  into v_waiting, v_present
  using p_lines, p_users;
  v_waiting := coalesce(v_waiting, '{}');

  if p_table = to_regclass('inventory.balances') then
    execute format(
      'select json_agg(json_build_object(''item'', b.item_id, ''location'', b.location_id, ''lot'', b.lot, '
      '''onHand'', b.on_hand, ''version'', b.version, ''movementsOnHand'', t.on_hand, ''movements'', t.version)) '
      'from (%s) as b '
      'left join inventory.balances t on %s '
      'where (b.on_hand, b.version) is distinct from (coalesce(t.on_hand, 0), coalesce(t.version, 0))',
      v_lines, v_same_key
    )
    into v_wrong
    using p_lines, p_users;
    if v_wrong is not null then
      raise exception 'the movements of this export do not add up to its balances'
        using errcode = 'SK505', detail = v_wrong,
          hint = 'Reconcile the organization where it was exported, and export it again.';
    end if;
  end if;

  if v_present > 0 and v_changes is not null then
    execute format(
      'update %s as t set %s from (%s) as b where %s and (%s)',
      p_table, v_changes, v_lines, v_same_key, v_differs
    )
    using p_lines, p_users;
  end if;

  execute format(
    'insert into %s (%s) overriding system value select %s from (%s) as b where b.n <> all ($3) and not %s order by b.n',
    p_table, v_columns, v_values, v_lines,
    case when v_present > 0 then v_is_present else 'false' end
  )
  using p_lines, p_users, v_waiting;
  return v_waiting;
end
$$;

create function tenancy.require_import()
returns uuid
language plpgsql
stable
set search_path = ''
as $$
declare
  v_context text[] := tenancy.verified_context();
begin
  if v_context[3] is distinct from 'import' then
    raise exception 'no import was begun in this transaction' using errcode = 'SK902';
  end if;
  return v_context[2]::uuid;
end
$$;

create function tenancy.begin_import(p_organization text, p_slug text)
returns uuid
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_org_id uuid := p_organization::json ->> 'id';
  v_slug text := coalesce(p_slug, p_organization::json ->> 'slug');
begin
  if tenancy.verified_context() is not null then
    raise exception 'this transaction has entered an organization' using errcode = 'SK902';
  end if;
  if v_org_id is null or v_slug is null then
    raise exception 'the line is not that of an organization: %', p_organization using errcode = 'SK505';
  end if;
  -- Rows can only be imported into an organization that did not exist before, whose rows they must be: the wall is
  -- that of the new organization, and it stays up.
  begin
    if exists (select from tenancy.organizations where id = v_org_id or slug = v_slug) then
      raise unique_violation;
    end if;
    perform tenancy.seal(v_org_id, 'import', array['import'], null);
    perform tenancy.write_lines('tenancy.organizations', array[p_organization], p_slug, '{}');
  exception
    when unique_violation then
      if exists (select from tenancy.organizations where id = v_org_id) then
        raise exception 'the organization % is here already', v_org_id using errcode = 'SK504';
      end if;
      raise exception 'there is another organization of the slug %', v_slug
        using errcode = 'SK504', hint = 'Import it under another slug: --slug NEW.';
  end;
  return v_org_id;
end
$$;

comment on function tenancy.begin_import(text, text) is
  'Makes the organization that an export is of (its line), under its own slug or p_slug, and prepares this transaction for '
  'importing its rows. Raises SK504 when its id or slug is taken, SK505 when the line is of no organization, SK902 when the '
  'transaction has entered one.';

create function tenancy.import_users(p_lines text[])
returns json
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_org_id uuid := tenancy.require_import();
  v_users jsonb;
  v_missing text[];
begin
  for v_attempt in 1..5 loop
    -- A user is who has the address. An id that somebody of another address has here is replaced by a new one.
    select
      jsonb_object_agg(e.id, case when taken.id is null then e.id else inventory.new_id() end),
      array_agg(l.line order by e.email)
    into v_users, v_missing
    from unnest(p_lines) as l (line)
    cross join lateral json_to_record(l.line::json) as e (id uuid, email text)
    left join tenancy.users taken on taken.id = e.id
    where not exists (select from tenancy.users here where here.email = e.email);
    begin
      -- In the order of their addresses, so that two imports of the same people cannot deadlock.
      perform tenancy.write_lines('tenancy.users', coalesce(v_missing, '{}'), null, coalesce(v_users, '{}'));
      exit;
    exception
      when unique_violation then
        -- Somebody else has made one of them meanwhile: now it is found.
        if v_attempt = 5 then
          raise;
        end if;
    end;
  end loop;

  select jsonb_object_agg(e.id, here.id) filter (where e.id <> here.id)
  into v_users
  from unnest(p_lines) as l (line)
  cross join lateral json_to_record(l.line::json) as e (id uuid, email text)
  join tenancy.users here on here.email = e.email;
  return json_build_object('created', coalesce(cardinality(v_missing), 0), 'renamed', coalesce(v_users, '{}'));
end
$$;

comment on function tenancy.import_users(text[]) is
  'Finds the users of an export by their addresses and makes those that are missing: {created, renamed: {id there: id here}}, '
  'renamed with those only whose ids differ. Users that are here stay as they are. Raises SK902 when no import was begun.';

create function tenancy.import_rows(p_table text, p_lines text[], p_users jsonb)
returns integer[]
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_org_id uuid := tenancy.require_import();
begin
  if p_table <> all (tenancy.tenant_tables()::text[]) then
    raise exception 'the table % holds nothing of an organization', p_table using errcode = 'SK505';
  end if;
  return tenancy.write_lines(p_table::regclass, p_lines, null, p_users);
end
$$;

comment on function tenancy.import_rows(text, text[], jsonb) is
  'Writes lines of an export into a table, through all of its constraints, triggers and policies; p_users is what '
  'import_users() renamed. Answers which lines (1 is the first) refer to a row of the same table that is not there yet: send '
  'them again. Balances come from their movements and must equal what their lines say. Items may go below zero until their '
  'lines are sent a second time, after the movements. '
  'Raises SK505 no such table, or balances that are not the sum of their movements; SK902 when no import was begun.';

create function tenancy.finish_import(p_slug text, p_users jsonb)
returns json
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_org_id uuid := tenancy.require_import();
  v_numbered record;
  v_highest bigint;
  v_last bigint;
begin
  -- A number that this database gives later must not be one that came with the import.
  for v_numbered in
    select r.relation, c.name, pg_get_serial_sequence(r.relation::text, c.name) as sequence
    from unnest(tenancy.tenant_tables()) as r (relation)
    cross join lateral tenancy.portable_columns(r.relation) as c
    where pg_get_serial_sequence(r.relation::text, c.name) is not null
  loop
    execute format('select max(%I) from %s where org_id = $1', v_numbered.name, v_numbered.relation)
    into v_highest
    using v_org_id;
    execute format('select last_value from %s', v_numbered.sequence) into v_last;
    if v_highest >= v_last then
      execute format('alter sequence %s restart with %s', v_numbered.sequence, v_highest + 1);
    end if;
  end loop;

  return (
    select json_object_agg(d.name, json_build_object('rows', d.row_count, 'digest', encode(d.digest, 'hex')))
    from tenancy.digest_tables(
      v_org_id,
      p_slug,
      coalesce((select jsonb_object_agg(u.value, u.key) from jsonb_each_text(p_users) as u), '{}')
    ) as d
  );
end
$$;

comment on function tenancy.finish_import(text, jsonb) is
  'Digests what was imported as the export told it, under the slug it had there and with the ids its users had: '
  '{table: {rows, digest}}. Whoever imports compares them with the export before committing. '
  'Raises SK902 when no import was begun.';

-- What is left of an organization that was erased.
create table tenancy.erasures (
  id uuid primary key default inventory.new_id(),
  organization_id uuid not null,
  -- Of the export that was taken before: SHA-256 over the digests of all tables.
  receipt bytea not null check (length(receipt) = 32),
  -- {table: rows that were deleted}
  row_counts jsonb not null check (jsonb_typeof(row_counts) = 'object'),
  erased_at timestamptz(3) not null default now(),
  -- The login, not a person.
  erased_by text not null default session_user
);

comment on table tenancy.erasures is
  'Platform data (append-only): the organizations that were erased, with what was deleted of them. Holds nothing that '
  'they stored.';

create index erasures_organization on tenancy.erasures (organization_id);

create function tenancy.receipt(p_org_id uuid)
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
          (select a.chain from stockade_migrations.applied a order by a.number desc limit 1), E'\n',
          string_agg(format(E'%s %s %s\n', d.name, d.row_count, encode(d.digest, 'hex')), '' order by d.name collate "C")
        ),
        'UTF8'
      )
    ),
    jsonb_object_agg(d.name, d.row_count)
  from tenancy.digest_tables(p_org_id, null, '{}') as d
$$;

-- Jobs may enter a suspended organization, and so may be at work while it is erased: one that writes makes the erasure
-- wait, and one that comes later finds nothing. A transaction that only reads may see it go.
create or replace function tenancy.enter_as_job(p_org_id uuid)
returns uuid
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  if not exists (select from tenancy.organizations where id = p_org_id) then
    raise exception 'there is no organization %', p_org_id using errcode = 'SK404';
  end if;
  perform tenancy.seal(p_org_id, 'job', array['read', 'write'], null);
  if current_setting('transaction_read_only') = 'off' then
    perform from tenancy.organizations where id = p_org_id for key share;
    if not found then
      raise exception 'there is no organization %', p_org_id using errcode = 'SK404';
    end if;
  end if;
  return p_org_id;
end
$$;

-- Requests that entered before the suspension may still write: waits for every transaction of the API that is open now.
create function tenancy.await_requests(p_longest interval)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_until constant timestamptz := clock_timestamp() + p_longest;
  v_open text[];
begin
  perform pg_stat_clear_snapshot();
  v_open := array(
    select l.virtualtransaction
    from pg_locks l
    join pg_stat_activity a on a.pid = l.pid
    where l.locktype = 'virtualxid'
      and l.granted
      and a.usename = 'stockade_api'
      and a.datname = current_database()
  );
  while exists (
    select from pg_locks where locktype = 'virtualxid' and granted and virtualtransaction = any (v_open)
  ) loop
    if clock_timestamp() > v_until then
      raise exception 'requests that began before now are still under way after %', p_longest
        using errcode = 'SK503', hint = 'Run it again in a moment.';
    end if;
    perform pg_sleep(0.02);
  end loop;
end
$$;

create function tenancy.erase_organization(p_org_id uuid, p_receipt bytea)
returns json
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_status text;
  v_taken record;
  v_table regclass;
  v_deleted bigint;
  v_users uuid[];
  v_user uuid;
  v_users_deleted bigint := 0;
begin
  if tenancy.verified_context() is not null then
    raise exception 'this transaction has entered an organization' using errcode = 'SK902';
  end if;
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'an organization is erased in a read committed transaction, which sees what was committed before it'
      using errcode = '25001';
  end if;
  -- The permission: inventory.refuse_change() lets this transaction delete rows of this organization, and no other.
  perform tenancy.seal(p_org_id, 'erasure', array['read'], null);
  select status into v_status from tenancy.organizations where id = p_org_id for update;
  if not found then
    raise exception 'there is no organization %', p_org_id using errcode = 'SK404';
  end if;
  if v_status <> 'suspended' then
    raise exception 'this organization is %', v_status
      using errcode = 'SK501', hint = 'Suspend it, export it again, and erase it with the receipt of that export.';
  end if;
  perform tenancy.await_requests('45 seconds');

  select * into v_taken from tenancy.receipt(p_org_id);
  if v_taken.receipt is distinct from p_receipt then
    raise exception 'this organization is not what the receipt is of'
      using errcode = 'SK502', hint = 'It has changed since that export, or the schema has: export it again.';
  end if;

  execute format(
    'select array_agg(u.id) from (select (l.line::json ->> ''id'')::uuid as id from (%s) as l) as u',
    tenancy.export_statement('tenancy.users', p_org_id, null, '{}')
  )
  into v_users;
  for v_table in
    select r.relation from unnest(tenancy.tenant_tables()) with ordinality as r (relation, n) order by r.n desc
  loop
    execute format('delete from %s where org_id = $1', v_table) using p_org_id;
    get diagnostics v_deleted = row_count;
    if v_deleted <> (v_taken.row_counts ->> v_table::text)::bigint then
      raise exception '% rows of % were exported, but % deleted', v_taken.row_counts ->> v_table::text, v_table, v_deleted
        using errcode = 'SK502', hint = 'It has changed while it was erased: export it again.';
    end if;
  end loop;
  delete from tenancy.organizations where id = p_org_id;

  foreach v_user in array coalesce(v_users, '{}') loop
    begin
      delete from tenancy.users where id = v_user;
      get diagnostics v_deleted = row_count;
      v_users_deleted := v_users_deleted + v_deleted;
    exception
      when foreign_key_violation then
        -- A membership, or another row, of another organization names this user.
        null;
    end;
  end loop;

  v_taken.row_counts := v_taken.row_counts || jsonb_build_object('tenancy.users', v_users_deleted);
  insert into tenancy.erasures (organization_id, receipt, row_counts)
  values (p_org_id, p_receipt, v_taken.row_counts);
  perform set_config('stockade.context', '', true);
  return v_taken.row_counts;
end
$$;

comment on function tenancy.erase_organization(uuid, bytea) is
  'Deletes everything of a suspended organization, append-only tables too, and users who belong to no other; leaves a row in '
  'tenancy.erasures. p_receipt is that of an export which holds exactly what is there now. Returns {table: rows deleted}. '
  'Raises SK404 no such organization, SK501 not suspended, SK502 not what was exported, SK503 requests still under way, '
  'SK902 when the transaction has entered an organization, 25001 when it is not read committed.';

-- The one way past an append-only table is the erasure of a whole organization. Its permission is a context that
-- tenancy.erase_organization() alone has sealed; that the rows are of that organization is first left to the wall, which
-- must be up for whoever deletes, and then checked row by row.
create or replace function inventory.refuse_change()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if tg_op = 'DELETE' and tenancy.current_actor() = 'erasure' and row_security_active(tg_relid) then
    if tg_when = 'BEFORE' then
      return null;
    end if;
    if not exists (select from removed where org_id is distinct from (select tenancy.current_org())) then
      return null;
    end if;
  end if;
  raise exception '% is append-only: what is there is never changed; in the ledger, a reversal entry corrects a mistake', tg_table_name
    using errcode = 'SK903';
end
$$;

comment on function inventory.refuse_change() is
  'Refuses UPDATE and TRUNCATE of an append-only table, its owner''s too, and DELETE of all but rows of the organization that '
  'tenancy.erase_organization() erases. Raises SK903.';

create trigger append_only_rows
  after delete on inventory.entries
  referencing old table as removed
  for each statement execute function inventory.refuse_change();
alter table inventory.entries enable always trigger append_only_rows;

create trigger append_only_rows
  after delete on inventory.movements
  referencing old table as removed
  for each statement execute function inventory.refuse_change();
alter table inventory.movements enable always trigger append_only_rows;

create trigger append_only
  before update or delete or truncate on tenancy.erasures
  for each statement execute function inventory.refuse_change();
alter table tenancy.erasures enable always trigger append_only;

grant execute on function tenancy.portable_schema() to stockade_jobs, stockade_admin;
grant execute on function tenancy.begin_export() to stockade_jobs;
grant execute on function tenancy.open_export(text) to stockade_jobs;
grant execute on function tenancy.begin_import(text, text) to stockade_admin;
grant execute on function tenancy.import_users(text[]) to stockade_admin;
grant execute on function tenancy.import_rows(text, text[], jsonb) to stockade_admin;
grant execute on function tenancy.finish_import(text, jsonb) to stockade_admin;
grant execute on function tenancy.erase_organization(uuid, bytea) to stockade_admin;
grant select on tenancy.erasures to stockade_admin;
