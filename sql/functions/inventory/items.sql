--! needs inventory/codes
--! needs inventory/forms
--! needs tenancy/context
--! needs tenancy/organizations
--! needs 000006_item_columns
--! needs 000013_balances
--! needs 000030_aliases
-- Items.
--
-- What the plans of functions for requests depend on is set with them: docs/isolation/0062_plan_of_the_session.md.

create or replace function inventory.item_json(p_item inventory.items)
returns json
language sql
stable
set search_path = ''
as $$
  select json_build_object(
    'id', p_item.id,
    'sku', p_item.sku,
    'aliases', (
      select coalesce(json_agg(a.alias order by a.alias), '[]')
      from (
        -- Before they are ordered: for the order, Postgres could read all aliases.
        select alias from inventory.item_aliases where org_id = p_item.org_id and item_id = p_item.id offset 0
      ) as a
    ),
    'name', p_item.name,
    'unit', p_item.unit,
    'tracking', p_item.tracking,
    'allowNegative', p_item.allow_negative,
    'reorderPoint', p_item.reorder_point,
    'metadata', p_item.metadata,
    'createdAt', inventory.iso(p_item.created_at),
    'updatedAt', inventory.iso(p_item.updated_at)
  )
$$;

comment on function inventory.item_json is
  'An item as the API shows it.';

create or replace function inventory.require_reorder_point(p_item jsonb)
returns numeric
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_reorder_point constant numeric := p_item ->> 'reorderPoint';
begin
  if inventory.is_exact(v_reorder_point) is false then
    raise exception 'a reorder point is out of its bounds' using errcode = 'SK304', detail = json_build_array(json_build_object(
      'field', 'reorderPoint', 'message', 'must be a number of at most fifteen digits, four of them decimals'
    ));
  end if;
  return v_reorder_point;
end
$$;

comment on function inventory.require_reorder_point is
  'The reorder point of an item as it is given. Raises SK304 when it would be rounded.';

create or replace function inventory.add_item_aliases(p_item inventory.items, p_aliases jsonb)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_taken text;
begin
  perform inventory.require_aliases(p_aliases);
  -- In the order of the codes: two writers that give the same ones cannot deadlock.
  insert into inventory.item_aliases (org_id, alias, item_id)
  select p_item.org_id, given.alias, p_item.id
  from jsonb_array_elements_text(p_aliases) as given (alias)
  order by given.alias
  on conflict (org_id, alias) do nothing;

  select given.alias into v_taken
  from jsonb_array_elements_text(p_aliases) as given (alias)
  where not exists (
    select from inventory.item_aliases a where a.org_id = p_item.org_id and a.alias = given.alias and a.item_id = p_item.id
  )
  limit 1;
  if found then
    raise exception 'the alias % is that of another item', v_taken using errcode = 'SK206', detail = to_json(v_taken);
  end if;
end
$$;

comment on function inventory.add_item_aliases is
  'Gives an item the aliases of a list that it does not have yet. Raises SK206, with the code, when one is a SKU or the alias of '
  'another item, SK304 when one is no code.';

-- Login roles write no table: this runs as the owner, who obeys the policies too.
create or replace function inventory.create_item(p_item jsonb)
returns json
language plpgsql
volatile
security definer
set search_path = ''
set enable_seqscan = off
set enable_indexscan = on
set random_page_cost = 4
set cpu_tuple_cost = 0.01
set cpu_index_tuple_cost = 0.005
set cpu_operator_cost = 0.0025
as $$
declare
  v_item inventory.items;
begin
  perform inventory.hold_item_codes(p_item);
  insert into inventory.items (org_id, sku, name, unit, tracking, allow_negative, reorder_point, metadata)
  values (
    tenancy.require_scope('write'),
    p_item ->> 'sku',
    p_item ->> 'name',
    coalesce(p_item ->> 'unit', 'each'),
    coalesce(p_item ->> 'tracking', 'none'),
    coalesce((p_item ->> 'allowNegative')::boolean, false),
    inventory.require_reorder_point(p_item),
    coalesce(p_item -> 'metadata', '{}')
  )
  returning * into v_item;
  if p_item ? 'aliases' then
    perform inventory.add_item_aliases(v_item, inventory.read_aliases(p_item -> 'aliases', '{}'));
  end if;
  return inventory.item_json(v_item);
end
$$;

comment on function inventory.create_item is
  'Creates an item of the organization that was entered: {sku, aliases?, name, unit?, tracking?, allowNegative?, '
  'reorderPoint?, metadata?}, and returns it as the API shows it. Raises SK902 when no organization was entered, '
  'SK104 when the caller may not write, 23505 when the SKU is taken, SK206 when a code is a SKU and an alias, SK304 or '
  '23514 for a value out of its bounds.';
grant execute on function inventory.create_item to stockade_api, stockade_jobs;

-- A role that may update or delete rows of a table may lock the whole of it against everybody. So the two functions that do it
-- run as the owner, who obeys the policies too, and login roles have neither privilege.
create or replace function inventory.update_item(p_code text, p_patch jsonb)
returns json
language plpgsql
volatile
security definer
set search_path = ''
set enable_seqscan = off
set enable_indexscan = on
set random_page_cost = 4
set cpu_tuple_cost = 0.01
set cpu_index_tuple_cost = 0.005
set cpu_operator_cost = 0.0025
as $$
declare
  v_org_id constant uuid := tenancy.require_scope('write');
  v_id uuid;
  v_item inventory.items;
begin
  perform inventory.hold_item_codes(p_patch);
  v_id := inventory.find_item(p_code);
  -- Two changes of one item come one after the other, the aliases too.
  perform from inventory.items where org_id = v_org_id and id = v_id for no key update;
  if not found then
    return null;
  end if;
  if p_patch ? 'aliases' then
    p_patch := p_patch || jsonb_build_object('aliases', inventory.read_aliases(
      p_patch -> 'aliases',
      array(select a.alias from inventory.item_aliases a where a.org_id = v_org_id and a.item_id = v_id)
    ));
  end if;
  -- An alias that becomes the SKU of its own item is an alias no longer.
  delete from inventory.item_aliases
  where org_id = v_org_id
    and item_id = v_id
    and (p_patch ? 'aliases' and not p_patch -> 'aliases' ? alias or alias = p_patch ->> 'sku');
  update inventory.items
  set sku = coalesce(p_patch ->> 'sku', sku),
      name = coalesce(p_patch ->> 'name', name),
      unit = coalesce(p_patch ->> 'unit', unit),
      allow_negative = coalesce((p_patch ->> 'allowNegative')::boolean, allow_negative),
      reorder_point = case when p_patch ? 'reorderPoint' then inventory.require_reorder_point(p_patch) else reorder_point end,
      metadata = coalesce(p_patch -> 'metadata', metadata),
      updated_at = now()
  where org_id = v_org_id and id = v_id
  returning * into v_item;
  if p_patch ? 'aliases' then
    perform inventory.add_item_aliases(v_item, p_patch -> 'aliases');
  end if;
  return inventory.item_json(v_item);
end
$$;

comment on function inventory.update_item is
  'Changes the fields of an item that p_patch has, {sku?, aliases?, name?, unit?, allowNegative?, reorderPoint?, metadata?}, and '
  'returns it as the API shows it; null when p_code names none. The aliases are replaced as a whole. Raises SK902 when no '
  'organization was entered, SK104 when the caller may not write, 23505 when the SKU is taken, SK206 when a code is a SKU and an '
  'alias, SK301 for a new alias of a form that no code has, SK304 or 23514 for a value out of its bounds.';
grant execute on function inventory.update_item to stockade_api;

create or replace function inventory.delete_item(p_code text)
returns uuid
language plpgsql
volatile
security definer
set search_path = ''
set enable_seqscan = off
set enable_indexscan = on
set random_page_cost = 4
set cpu_tuple_cost = 0.01
set cpu_index_tuple_cost = 0.005
set cpu_operator_cost = 0.0025
as $$
declare
  v_org_id constant uuid := tenancy.require_scope('write');
  v_id constant uuid := inventory.find_item(p_code);
begin
  delete from inventory.items where org_id = v_org_id and id = v_id;
  return case when found then v_id end;
end
$$;

comment on function inventory.delete_item is
  'Deletes an item that has never had a movement, and returns its id; null when p_code names none. Raises SK902 when no '
  'organization was entered, SK104 when the caller may not write, 23503 when it has a balance.';
grant execute on function inventory.delete_item to stockade_api;

create or replace function inventory.get_item(p_name text)
returns json
language plpgsql
stable
security definer
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_indexscan = on
set random_page_cost = 4
set cpu_tuple_cost = 0.01
set cpu_index_tuple_cost = 0.005
set cpu_operator_cost = 0.0025
as $$
declare
  v_id constant uuid := inventory.find_item(p_name);
begin
  return (select inventory.item_json(t) from inventory.items t where t.id = v_id);
end
$$;

comment on function inventory.get_item is
  'An item of the organization that was entered, as the API shows it; null when p_name names none.';
grant execute on function inventory.get_item to stockade_api;

create or replace function inventory.list_items(p_limit integer, p_after_sku text, p_name text)
returns setof json
language plpgsql
stable
security definer
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_indexscan = on
set random_page_cost = 4
set cpu_tuple_cost = 0.01
set cpu_index_tuple_cost = 0.005
set cpu_operator_cost = 0.0025
as $$
declare
  v_after constant text := coalesce(p_after_sku, '');
  v_id uuid;
begin
  perform tenancy.require_page(p_limit);
  if p_name is not null then
    v_id := inventory.find_item(p_name);
    return query
    select inventory.item_json(named)
    from (select * from inventory.items where id = v_id offset 0) as named
    where named.sku > v_after;
    return;
  end if;
  return query
  select inventory.item_json(t)
  from inventory.items t
  where t.sku > v_after
  order by t.sku
  limit p_limit;
end
$$;

comment on function inventory.list_items is
  'At most p_limit items of the organization that was entered, as the API shows them, in the order of the SKUs: those after '
  'p_after_sku, or the first ones; with p_name, the one that it names. Raises SK304 when p_limit is not that of a page.';
grant execute on function inventory.list_items to stockade_api;
