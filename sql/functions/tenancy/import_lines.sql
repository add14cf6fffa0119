--! needs tenancy/tenant_tables
-- Writing the lines of an export into tables.

create or replace function tenancy.lines_statement(p_table regclass, p_slug text)
returns text
language sql
stable
set search_path = ''
as $$
  select format(
    'select l.n, %s from unnest($1) with ordinality as l (line, n) cross join lateral json_to_record(l.line::json) as r (%s)',
    string_agg(
      case
        -- Only the users of the export: the id of any other user of this database would make that one a member.
        when c.names_user then format('($2 ->> r.%1$I)::%2$s as %1$I', c.name, c.type)
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

comment on function tenancy.lines_statement is
  'The statement that reads lines of an export ($1 text[], $2 {user there: user here}) as numbered rows of a '
  'table.';

create or replace function tenancy.write_lines(p_table regclass, p_lines text[], p_slug text, p_users jsonb)
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
    -- History was posted under earlier settings. Whether an item may go below zero is restored after its movements.
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
      '''onHand'', b.on_hand, ''reserved'', b.reserved, ''version'', b.version, '
      '''movementsOnHand'', t.on_hand, ''linesReserve'', t.reserved, ''movements'', t.version)) '
      'from (%s) as b '
      'left join inventory.balances t on %s '
      'where (b.on_hand, b.reserved, b.version) '
      'is distinct from (coalesce(t.on_hand, 0), coalesce(t.reserved, 0), coalesce(t.version, 0))',
      v_lines, v_same_key
    )
    into v_wrong
    using p_lines, p_users;
    if v_wrong is not null then
      raise exception 'the movements and reservations of this export do not add up to its balances'
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

comment on function tenancy.write_lines is
  'Inserts lines of an export. When the row exists already, because a trigger created it or because the line comes '
  'a second time, it is changed to what the line says. Returns the numbers of the lines whose row refers to a row '
  'of the same table that does not exist yet: send them again. Raises SK505 when the balances are not the sums of '
  'their movements and reservations.';
