--! needs inventory/codes
--! needs inventory/forms
--! needs tenancy/context
--! needs 000006_item_columns
--! needs 000013_balances
--! needs 000030_aliases
-- Items.

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
grant execute on function inventory.item_json to stockade_api, stockade_jobs;

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
grant execute on function inventory.require_reorder_point to stockade_api, stockade_jobs;

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
grant execute on function inventory.add_item_aliases to stockade_api, stockade_jobs;

create or replace function inventory.create_item(p_item jsonb)
returns json
language plpgsql
volatile
set search_path = ''
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

create or replace function inventory.item_balances(p_name text)
returns table (
  sku text,
  location text,
  lot text,
  on_hand numeric,
  reserved numeric,
  available numeric,
  version bigint
)
language plpgsql
stable
set search_path = ''
-- Planned once for a connection: to plan it again takes longer than to read the balances.
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  v_id uuid;
  v_sku text;
begin
  -- Most names are SKUs. Every table that a statement reads verifies the context once, so the item is read only once.
  select id, sku into v_id, v_sku from inventory.items where sku = p_name;
  if v_id is null then
    select id, sku into v_id, v_sku from inventory.items where id = (select inventory.find_item(p_name));
  end if;
  if v_id is null then
    return;
  end if;
  return query
  select
    v_sku, l.code, nullif(b.lot, ''), b.on_hand::numeric, b.reserved::numeric, (b.on_hand - b.reserved)::numeric, b.version
  from inventory.balances b
  left join inventory.locations l on l.org_id = b.org_id and l.id = b.location_id
  where b.item_id = v_id
  order by l.code, b.lot;
  if not found then
    return query select v_sku, null::text, null::text, null::numeric, null::numeric, null::numeric, null::bigint;
  end if;
end
$$;

comment on function inventory.item_balances is
  'The balances of an item, named by its SKU, an alias or its id, in the order of location and lot: one row without a location '
  'when it has none, no row when there is no such item. What the caller may see, and no more.';
grant execute on function inventory.item_balances to stockade_api;
