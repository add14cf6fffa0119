--! needs inventory/reading/balances
--! needs 000022_seals
-- Balances at an instant, from the nearest seal and the movements after it.
--
-- A posting draws its entry id and its time of recording at different moments, so their orders may differ. That is why two seals
-- matter:
-- - The nearest seal is the last one that, like all seals before it, contains nothing recorded after the instant. All of it counts.
-- - A seal is settled through the instant when the database refuses every later entry that would be recorded at the instant or
--   before it. Movements after the first such seal need not be read.
-- Movements between the two are counted by their time of recording, which is no condition of the rows: an index that has it
-- would be read in its place, with the whole history.
--
-- By the time of effect, no seal helps: a movement may take effect long before it is recorded.
--
-- What the plans of functions for requests depend on is set with them: docs/isolation/0062_plan_of_the_session.md.

create or replace function inventory.balances_then(p_page inventory.balances[], p_as_of timestamptz, p_basis text)
returns jsonb
language plpgsql
stable
set search_path = ''
set plan_cache_mode = force_generic_plan
as $$
declare
  -- What one answer may add up: on a small server, about half a second of work.
  v_most_added_up constant bigint := 500000;
  v_is_recorded constant boolean := p_basis = 'recorded';
  v_nearest inventory.seals;
  v_settled inventory.seals;
  v_sealed boolean := false;
  v_after uuid;
  v_through uuid;
  v_movements bigint;
  v_on_hand numeric[];
  v_versions bigint[];
begin
  if p_as_of is null or not p_basis in ('recorded', 'effective') then
    raise exception 'there is no basis %', p_basis using errcode = '22023';
  end if;
  if v_is_recorded then
    select * into v_nearest from inventory.seals where recorded_through <= p_as_of order by seq desc limit 1;
    select * into v_settled from inventory.seals where settled_through >= p_as_of order by seq limit 1;
    -- No seal is settled through an earlier instant than those before it.
    select coalesce(settled_through >= p_as_of, false) into v_sealed from inventory.seals order by seq desc limit 1;
  end if;
  v_after := coalesce(v_nearest.boundary, '00000000-0000-0000-0000-000000000000');
  v_through := coalesce(v_settled.boundary, 'ffffffff-ffff-ffff-ffff-ffffffffffff');

  -- Known from the versions before anything is added up.
  select sum(coalesce(
    case when v_settled.seq is null then b.version else (
      select c.version
      from inventory.seal_closings c
      where c.org_id = b.org_id and c.item_id = b.item_id and c.location_id = b.location_id and c.lot = b.lot
        and c.seq <= v_settled.seq
      order by c.seq desc
      limit 1
    ) end, 0
  ) - coalesce((
    select c.version
    from inventory.seal_closings c
    where c.org_id = b.org_id and c.item_id = b.item_id and c.location_id = b.location_id and c.lot = b.lot
      and c.seq <= v_nearest.seq
    order by c.seq desc
    limit 1
  ), 0))
  into v_movements
  from unnest(p_page) as b;
  if v_movements > v_most_added_up then
    raise exception 'the answer would add up % movements', v_movements using errcode = 'SK209',
      detail = json_build_object('movements', v_movements, 'most', v_most_added_up);
  end if;

  -- The lot and the entry are compared as one row: only the index that has them both after the key is read from there.
  if v_is_recorded then
    select
      array_agg(coalesce(closing.on_hand, 0) + coalesce(tail.on_hand, 0) order by b.ordinality),
      array_agg(coalesce(closing.version, 0) + tail.version order by b.ordinality)
    into v_on_hand, v_versions
    from unnest(p_page) with ordinality as b
    left join lateral (
      select c.on_hand, c.version
      from inventory.seal_closings c
      where c.org_id = b.org_id and c.item_id = b.item_id and c.location_id = b.location_id and c.lot = b.lot
        and c.seq <= v_nearest.seq
      order by c.seq desc
      limit 1
    ) as closing on true
    cross join lateral (
      select
        sum(m.quantity) filter (where m.recorded_at <= p_as_of) as on_hand,
        count(*) filter (where m.recorded_at <= p_as_of) as version
      from inventory.movements m
      where m.org_id = b.org_id
        and m.item_id = b.item_id
        and m.location_id = b.location_id
        and (m.lot, m.entry_id) > (b.lot, v_after)
        and (m.lot, m.entry_id) <= (b.lot, v_through)
    ) as tail;
  else
    select
      array_agg(coalesce(tail.on_hand, 0) order by b.ordinality),
      array_agg(tail.version order by b.ordinality)
    into v_on_hand, v_versions
    from unnest(p_page) with ordinality as b
    cross join lateral (
      select
        sum(m.quantity) filter (where m.occurred_at <= p_as_of) as on_hand,
        count(*) filter (where m.occurred_at <= p_as_of) as version
      from inventory.movements m
      where m.org_id = b.org_id and m.item_id = b.item_id and m.location_id = b.location_id and m.lot = b.lot
    ) as tail;
  end if;

  return jsonb_build_object('sealed', coalesce(v_sealed, false), 'movements', coalesce(v_movements, 0), 'rows', (
    select coalesce(jsonb_agg(
      jsonb_build_object(
        'sku', (select i.sku from inventory.items i where i.org_id = b.org_id and i.id = b.item_id),
        'location', (select l.code from inventory.locations l where l.org_id = b.org_id and l.id = b.location_id),
        'lot', nullif(b.lot, ''),
        'onHand', v_on_hand[b.ordinality],
        'version', v_versions[b.ordinality]
      )
      order by b.ordinality
    ), '[]')
    from unnest(p_page) with ordinality as b
  ));
end
$$;

comment on function inventory.balances_then is
  'Balances as they were at an instant, by the time of recording or of effect, {sealed, movements, rows}: sealed when that never '
  'changes, how many movements were added up, one row for each balance, of version 0 when it had no movement by then. Raises SK209 when they would add up too many '
  'movements, 22023 for another basis.';

create or replace function inventory.list_balances_then(
  p_as_of timestamptz,
  p_basis text,
  p_limit integer,
  p_after_sku text,
  p_after_location text,
  p_after_lot text,
  p_sku text,
  p_location text,
  p_lot text
)
returns jsonb
language plpgsql
stable
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
  v_page inventory.balances[];
  v_reached text;
begin
  select * into v_page, v_reached
  from inventory.balance_page(p_limit, p_after_sku, p_after_location, p_after_lot, p_sku, p_location, p_lot);
  return jsonb_build_object('reached', v_reached) || inventory.balances_then(v_page, p_as_of, p_basis);
end
$$;

comment on function inventory.list_balances_then is
  'A page of inventory.balance_page() as it was at an instant, {sealed, movements, rows, reached}: with the SKU that it ends at, or null. '
  'Raises SK209 when it would add up too many movements, SK304 when p_limit is not that of a page.';
grant execute on function inventory.list_balances_then to stockade_api;

create or replace function inventory.item_balances_then(p_as_of timestamptz, p_basis text, p_name text)
returns jsonb
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
  v_sku text;
begin
  select i.sku into v_sku from inventory.items i where i.id = v_id;
  if v_sku is null then
    return null;
  end if;
  return jsonb_build_object('sku', v_sku) || inventory.balances_then(
    array(
      select b
      from inventory.balances b
      where b.item_id = v_id
      order by (select l.code from inventory.locations l where l.org_id = b.org_id and l.id = b.location_id), b.lot
    ),
    p_as_of,
    p_basis
  );
end
$$;

comment on function inventory.item_balances_then is
  'The balances of an item, named by its SKU, an alias or its id, as they were at an instant, {sku, sealed, movements, rows}; null when there '
  'is no such item. Raises SK209 when they would add up too many movements.';
grant execute on function inventory.item_balances_then to stockade_api;
