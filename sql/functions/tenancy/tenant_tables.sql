--! needs 000032_switch
-- Which tables hold rows of organizations, and how they depend on each other. It is read from the catalogue, so that a new
-- table takes part in exports, imports and erasures without being listed anywhere.

create or replace function tenancy.tenant_tables()
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
      -- No foreign key of the movements says what the balance trigger needs and writes.
      and not exists (
        select
        from (
          values
            ('inventory.movements', 'inventory.items'),
            ('inventory.movements', 'inventory.locations'),
            ('inventory.balances', 'inventory.movements'),
            ('inventory.balances', 'inventory.reservation_lines'),
            -- Movements before the boundary are refused, so it comes after them.
            ('inventory.seal_boundaries', 'inventory.movements')
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

comment on function tenancy.tenant_tables is
  'Every table with an org_id, in the order in which rows can be inserted. Raises SK506 when foreign keys form a '
  'circle.';

create or replace function tenancy.portable_tables()
returns regclass[]
language sql
stable
set search_path = ''
as $$
  select array['tenancy.organizations', 'tenancy.users']::regclass[] || tenancy.tenant_tables()
$$;

comment on function tenancy.portable_tables is
  'The tables of an export: the organization itself, the users its rows name, and every tenant table, parents '
  'first.';

create or replace function tenancy.portable_columns(p_table regclass)
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
        -- A jsonb null by itself would be read back as SQL null.
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

comment on function tenancy.portable_columns is
  'The columns of a table that an export writes, in order, without generated ones. as_json is the expression for '
  'column t.<name>: a value that json holds without loss as itself, any other value as its text. A value of type '
  'json is written as text too, because it keeps blanks and duplicate keys that jsonb does not.';
