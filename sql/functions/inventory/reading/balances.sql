--! needs inventory/codes
--! needs inventory/forms
--! needs inventory/reserving/expiry
--! needs tenancy/organizations
--! needs 000013_balances
--! needs 000030_aliases
-- Balances as they are now. Login roles read no table: these functions run as the owner, who obeys the policies too. Plans are
-- made once for a connection: to make one takes longer than to read the balances.
--
-- What the plans of functions for requests depend on is set with them: docs/isolation/0062_plan_of_the_session.md.

create or replace function inventory.item_balances(p_name text)
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
  v_id uuid;
  v_sku text;
begin
  -- Most names are SKUs. Every table that a statement reads verifies the context once, so the item is read only once.
  select id, sku into v_id, v_sku from inventory.items where sku = p_name;
  if v_id is null then
    v_id := inventory.find_item(p_name);
    select sku into v_sku from inventory.items where id = v_id;
  end if;
  if v_id is null then
    return;
  end if;
  return query
  select json_build_object(
    'sku', v_sku,
    'location', l.code,
    'lot', nullif(b.lot, ''),
    'onHand', b.on_hand,
    'reserved', r.reserved,
    'available', b.on_hand - r.reserved,
    'version', b.version
  )
  from inventory.balances b
  cross join lateral (
    select inventory.reserved_now(b.org_id, b.item_id, b.location_id, b.lot, b.reserved) as reserved offset 0
  ) as r
  left join inventory.locations l on l.org_id = b.org_id and l.id = b.location_id
  where b.item_id = v_id
  order by l.code, b.lot;
  if not found then
    return next json_build_object('sku', v_sku, 'location', null);
  end if;
end
$$;

comment on function inventory.item_balances is
  'The balances of an item of the organization that was entered, named by its SKU, an alias or its id, as the API shows them, in '
  'the order of location and lot: one row without a location when it has none, no row when there is no such item.';
grant execute on function inventory.item_balances to stockade_api;

create or replace function inventory.balance_page(
  p_limit integer,
  p_after_sku text,
  p_after_location text,
  p_after_lot text,
  p_sku text,
  p_location text,
  p_lot text,
  out o_page inventory.balances[],
  out o_reached text
)
language plpgsql
stable
set search_path = ''
set plan_cache_mode = force_generic_plan
as $$
declare
  -- How many balances, or items, one page looks at.
  v_most_looked constant integer := 500;
  v_after_sku constant text := coalesce(p_after_sku, '');
  v_item_id uuid;
  -- The locations, as a range: it is read from the index, and is everything when none is named.
  v_first_location uuid := '00000000-0000-0000-0000-000000000000';
  v_last_location uuid := 'ffffffff-ffff-ffff-ffff-ffffffffffff';
  v_items uuid[];
begin
  perform tenancy.require_page(p_limit);
  if p_location is not null then
    v_first_location := inventory.find_location(p_location);
    v_last_location := v_first_location;
    if v_first_location is null then
      return;
    end if;
  end if;

  -- Most items may have no balance, or none at a location. So a page looks at a bounded number of rows, from one of two sides:
  -- the items of all balances, if these are few,
  if p_sku is not null then
    v_item_id := inventory.find_item(p_sku);
    if v_item_id is null then
      return;
    end if;
    v_items := array[v_item_id];
  elsif p_location is null then
    v_items := array(
      select b.item_id from inventory.balances b order by b.item_id, b.location_id, b.lot limit v_most_looked + 1
    );
  else
    -- With `=`, the order of two indexes would be the same, and Postgres could read the wrong one.
    v_items := array(
      select b.item_id
      from inventory.balances b
      where b.location_id >= v_first_location and b.location_id <= v_last_location
      order by b.location_id, b.item_id, b.lot
      limit v_most_looked + 1
    );
  end if;
  if cardinality(v_items) <= v_most_looked then
    -- `offset 0` keeps Postgres from reading the balances of all items first.
    o_page := array(
      select found.b
      from (
        select i.org_id, i.id, i.sku
        from (select distinct id from unnest(v_items) as given (id)) as given
        cross join lateral (
          select i.org_id, i.id, i.sku from inventory.items i where i.id = given.id offset 0
        ) as i
        where i.sku >= v_after_sku
        order by i.sku
      ) as i
      cross join lateral (
        select
          b,
          b.lot,
          (select l.code from inventory.locations l where l.org_id = b.org_id and l.id = b.location_id) as location
        from inventory.balances b
        where b.org_id = i.org_id
          and b.item_id = i.id
          and b.location_id >= v_first_location
          and b.location_id <= v_last_location
          and (p_lot is null or b.lot = p_lot)
        offset 0
      ) as found
      where i.sku > v_after_sku
      or p_after_location is not null and (found.location, found.lot) > (p_after_location, p_after_lot)
      order by i.sku, found.location, found.lot
      limit p_limit
    );
    return;
  end if;

  -- otherwise the next items. A page that is not full then ends at the last of them.
  o_page := array(
    select found.b
    from (
      select i.org_id, i.id, i.sku from inventory.items i where i.sku >= v_after_sku order by i.sku limit v_most_looked
    ) as i
    cross join lateral (
      select
        b,
        b.lot,
        (select l.code from inventory.locations l where l.org_id = b.org_id and l.id = b.location_id) as location
      from inventory.balances b
      where b.org_id = i.org_id
        and b.item_id = i.id
        and b.location_id >= v_first_location
        and b.location_id <= v_last_location
        and (p_lot is null or b.lot = p_lot)
      offset 0
    ) as found
    where i.sku > v_after_sku
      or p_after_location is not null and (found.location, found.lot) > (p_after_location, p_after_lot)
    order by i.sku, found.location, found.lot
    limit p_limit
  );
  if cardinality(o_page) < p_limit then
    select i.sku
    into o_reached
    from inventory.items i
    where i.sku >= v_after_sku
    order by i.sku
    offset v_most_looked - 1
    limit 1;
  end if;
end
$$;

comment on function inventory.balance_page is
  'At most p_limit balances in the order of SKU, location and lot: those after one that is named by the three, or after all of a SKU '
  'when its location is null, of an item, at a location, of a lot; null for any. A page that is not full although the list may go '
  'on has the SKU that it ends at. Raises SK304 when p_limit is not that of a page.';

create or replace function inventory.list_balances(
  p_limit integer,
  p_after_sku text,
  p_after_location text,
  p_after_lot text,
  p_sku text,
  p_location text,
  p_lot text
)
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
  v_page inventory.balances[];
  v_reached text;
begin
  select * into v_page, v_reached
  from inventory.balance_page(p_limit, p_after_sku, p_after_location, p_after_lot, p_sku, p_location, p_lot);
  return query
  select json_build_object(
    'sku', (select i.sku from inventory.items i where i.org_id = b.org_id and i.id = b.item_id),
    'location', (select l.code from inventory.locations l where l.org_id = b.org_id and l.id = b.location_id),
    'lot', nullif(b.lot, ''),
    'onHand', b.on_hand,
    'reserved', r.reserved,
    'available', b.on_hand - r.reserved,
    'version', b.version
  )
  from unnest(v_page) with ordinality as b
  cross join lateral (
    select inventory.reserved_now(b.org_id, b.item_id, b.location_id, b.lot, b.reserved) as reserved offset 0
  ) as r
  order by b.ordinality;
  if v_reached is not null then
    return next json_build_object('sku', v_reached, 'location', null);
  end if;
end
$$;

comment on function inventory.list_balances is
  'The balances of inventory.balance_page() as the API shows them. A list that goes on after fewer than p_limit rows ends with '
  'one without a location, which has the SKU that the page ends at. Raises SK304 when p_limit is not that of a page.';
grant execute on function inventory.list_balances to stockade_api;
