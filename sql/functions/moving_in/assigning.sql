--! needs moving_in/placing
--! needs 000008_movement_columns
--! until 000032_switch
-- Giving rows to organizations after they were inserted: by the backfill, and again when assignments were added later.
-- A row that somebody else has locked is passed over and taken the next time.

create or replace function moving_in.assign_table(p_table text, p_limit integer)
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_ids uuid[];
begin
  execute format(
    'with free as (
       select t.id
       from inventory.%1$I t
       where t.org_id <> moving_in.organization_of(%1$L, to_jsonb(t))
       order by t.id
       limit %2$s
       for no key update of t skip locked
     ),
     moved as (
       update inventory.%1$I t
       set org_id = moving_in.organization_of(%1$L, to_jsonb(t))
       from free
       where t.id = free.id
       returning t.id
     )
     select array(select id from moved)',
    p_table, p_limit
  )
  into v_ids;
  return cardinality(v_ids);
end
$$;

comment on function moving_in.assign_table is
  'Moves at most p_limit items or locations to the organization that the decisions say, and returns how many.';

create or replace function moving_in.follow_items(p_movements uuid[])
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_moved integer;
begin
  with free as (
    select m.id, m.org_id as former, i.org_id, coalesce(m.entry_id, m.id) as entry_id, m.entry_id is not null as has_entry
    from inventory.movements m
    join inventory.items i on i.id = m.item_id
    where m.id = any (p_movements)
      and m.org_id <> i.org_id
    order by m.id
    for no key update of m skip locked
  ),
  moved as (
    update inventory.movements m
    set org_id = free.org_id
    from free
    where m.id = free.id
    returning m.id, m.item_id, m.location_id, m.lot, m.quantity, free.entry_id, free.has_entry, free.former, free.org_id
  ),
  noted as (
    insert into moving_in.changed_movements
      (movement_id, entry_id, org_id, item_id, location_id, lot, quantity, movements)
    select id, entry_id, side.org_id, item_id, location_id, lot, side.sign * quantity, side.sign
    from moved
    cross join lateral (values (former, -1), (org_id, 1)) as side (org_id, sign)
    -- Before there are balances, only a movement that the triggers have noted has to be caught up with; it has an entry.
    where has_entry
      or exists (select from pg_class where relnamespace = 'inventory'::regnamespace and relname = 'balances')
  )
  select count(*) from moved into v_moved;
  return v_moved;
end
$$;

comment on function moving_in.follow_items is
  'Moves movements to the organization of their item, and returns how many have moved.';

create or replace function moving_in.is_placed_by_default()
returns boolean
language sql
stable
set search_path = ''
as $$
  -- The column of the movements was added last. Its default is the organization that was decided then, if one was. Rows that
  -- assignments of before have moved have brought another organization.
  select not exists (select from moving_in.assignments)
    and (select count(*) from tenancy.organizations) = 1
    and exists (
      select
      from pg_attrdef d
      join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
      join moving_in.default_organization decided
        on pg_get_expr(d.adbin, d.adrelid) = format('%L::uuid', decided.org_id)
      where d.adrelid = 'inventory.movements'::regclass
        and a.attname = 'org_id'
    )
$$;

comment on function moving_in.is_placed_by_default is
  'Whether every row belongs to the one organization that was decided before the columns were added, so that none has to move. '
  'False for an inventory that was empty then and has rows now.';

create or replace function moving_in.misplaced_rows()
returns bigint
language plpgsql
stable
set search_path = ''
as $$
begin
  if moving_in.is_placed_by_default() then
    return 0;
  end if;
  return (
    (select count(*) from inventory.items t where t.org_id <> moving_in.organization_of('items', to_jsonb(t)))
    + (select count(*) from inventory.locations t where t.org_id <> moving_in.organization_of('locations', to_jsonb(t)))
    + (select count(*) from inventory.movements m join inventory.items i on i.id = m.item_id where m.org_id <> i.org_id)
  );
end
$$;

comment on function moving_in.misplaced_rows is
  'How many rows belong to another organization than the decisions say.';

create or replace function moving_in.assign_rows(p_checkpoint jsonb, p_limit integer)
returns table (checkpoint jsonb, wanted integer, filled integer)
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_nil constant uuid := '00000000-0000-0000-0000-000000000000';
  v_after constant uuid := coalesce(p_checkpoint ->> 'movement', v_nil::text);
  -- No checkpoint comes twice.
  v_batch constant integer := coalesce((p_checkpoint ->> 'batch')::integer, 0) + 1;
  v_limit constant integer := least(p_limit, 2000);
  v_movements uuid[];
begin
  if moving_in.is_placed_by_default() then
    return query select null::jsonb, 0, 0;
    return;
  end if;
  filled := moving_in.assign_table('items', v_limit) + moving_in.assign_table('locations', v_limit);
  if filled > 0 then
    return query select jsonb_build_object('movement', v_after, 'batch', v_batch), filled, filled;
    return;
  end if;
  v_movements := array(select m.id from inventory.movements m where m.id > v_after order by m.id limit v_limit);
  if v_movements <> '{}' then
    filled := moving_in.follow_items(v_movements);
    return query
    select jsonb_build_object('movement', v_movements[cardinality(v_movements)], 'batch', v_batch), filled, filled;
    return;
  end if;
  if moving_in.misplaced_rows() > 0 then
    -- Others had locked them, or inserted them while their item moved.
    perform pg_sleep(0.05);
    return query select jsonb_build_object('movement', v_nil, 'batch', v_batch), 0, 0;
    return;
  end if;
  return query select null::jsonb, 0, 0;
end
$$;

comment on function moving_in.assign_rows is
  'A batch of the backfill that moves rows to the organizations that the decisions say: items and locations first, then '
  'the movements.';

create or replace function moving_in.crossing_movements(p_most integer)
returns table (table_name text, id uuid, value text, rule text, remedy text)
language sql
stable
set search_path = ''
as $$
  select 'movements', m.id, format('%s at %s', i.sku, l.code),
    'the location of a movement belongs to the organization of its item',
    'Assign the item and the location to one organization with --assign.'
  from inventory.movements m
  join inventory.items i on i.id = m.item_id
  join inventory.locations l on l.id = m.location_id
  where i.org_id <> l.org_id
  order by m.id
  limit p_most
$$;

comment on function moving_in.crossing_movements is
  'The movements whose item and location belong to different organizations, at most p_most.';
